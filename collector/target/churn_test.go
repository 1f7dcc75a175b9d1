package target

import (
	"testing"
	"time"

	"whyres/collector"
	"whyres/collector/kernel"
	"whyres/collector/ledger"
)

// TestChurn looks a thousand times at a process that allocates on all cores:
// no sum may be violated, and what is told apart must be from one instant.
func TestChurn(t *testing.T) {
	// On a machine that is out of CPU, fewer must do.
	const most, enough = 1000, 100
	end := time.Now().Add(4 * time.Minute)
	r := startRest(t, buildRest(t, "local", build{}), "REST_CHURN=1")
	v, err := Open(kernel.Default(), "/proc", r.pid, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = v.Close() }()
	var agreed, near, undivided, unread, torn, retries int
	looks := 0
	for ; looks < most && (looks < enough || time.Now().Before(end)); looks++ {
		s, _, err := v.Look(collector.Order{Full: true})
		if err != nil {
			t.Fatal(err)
		}
		l := ledger.Build(&s, v.Describe())
		for _, p := range sums(&l) {
			t.Error(p)
		}
		switch {
		case s.Pages == nil:
			unread++
		case s.Pages.Agrees:
			agreed++
		case l.Leaf("heap.undivided") != 0:
			undivided++
		default:
			near++
		}
		if m := s.MemStats; m != nil {
			retries += m.Retries
			if m.Torn {
				torn++
			}
		}
	}
	t.Logf("of %d looks at a process that allocates on all cores: %d with exact sums, %d within 1 %%, %d heaps not divided, %d not read; "+
		"%d with torn counters; %.1f readings thrown away for each look",
		looks, agreed, near, undivided, unread, torn, float64(retries)/float64(looks))
	if agreed+near < looks/2 {
		t.Errorf("only %d of %d looks could divide the heap", agreed+near, looks)
	}
}
