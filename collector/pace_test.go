package collector

import (
	"testing"
	"time"

	"whyres/collector/mem"
)

func TestPace(t *testing.T) {
	p := pace{least: 200 * time.Millisecond, most: time.Second}
	full := func(ms int, res int64, cost time.Duration) {
		p.saw(&mem.Sample{At: at(ms), Dur: int64(cost), RSS: mem.RSS{Anon: res}, Smaps: &mem.Smaps{}})
	}
	due := func(ms int, want bool) {
		t.Helper()
		if got := p.due(at(ms)); got != want {
			t.Errorf("due at %d ms: %v", ms, got)
		}
	}
	full(0, 100<<20, time.Millisecond)
	due(199, false)
	due(200, true)
	full(200, 100<<20, time.Millisecond)
	due(599, false) // twice as long
	due(600, true)
	full(600, 100<<20, 7*time.Millisecond)
	due(1399, false)
	due(1400, true)
	full(1400, 100<<20, 7*time.Millisecond)
	due(2399, false) // no longer than most
	due(2400, true)

	// RES moved: sooner, but not for little, and not for more than a share.
	light := func(ms int, res int64) { p.saw(&mem.Sample{At: at(ms), RSS: mem.RSS{Anon: res}}) }
	light(2000, 120<<20)
	due(2350, false)
	light(2000, 130<<20)
	due(2350, true)
	full(2350, 130<<20, 30*time.Millisecond)
	light(2600, 10<<20)
	due(2949, false)
	due(2950, true)

	// The heap moves without RES: released memory is taken again.
	full(3000, 200<<20, time.Millisecond)
	p.saw(&mem.Sample{At: at(3100), RSS: mem.RSS{Anon: 200 << 20}, MemStats: &mem.MemStats{HeapInuse: 150 << 20}})
	due(3200, true)
	full(3200, 200<<20, time.Millisecond)
	due(3500, false)
}
