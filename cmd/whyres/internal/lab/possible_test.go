package lab

import (
	"encoding/json"
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"whyres/collector/mem"
)

// What a meter can write is read again: a target's memory and a load's output may
// hold any number, and RES of a call may have grown while it took some.
func TestWhatIsMeasuredIsValid(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	odd := []float64{0, 1, -1, 1e6, -1e300, 1e300, math.Inf(1), math.Inf(-1), math.NaN(), math.MaxInt64, math.MinInt64}
	someFloat := func() *float64 { return ptr(odd[r.IntN(len(odd))]) }
	number := func() *int64 {
		return whole([]int64{0, 1, -1, 5e9, math.MaxInt64, math.MinInt64}[r.IntN(6)])
	}
	for range 2000 {
		frames := story()
		for i := range frames {
			if e := frames[i].Event; e != nil {
				call := *e
				call.Attributed, call.Dur = r.Int64N(200*mib)-100*mib, r.Int64N(2e9)-1e9
				frames[i].Event = &call
			}
			if s := frames[i].Sample; s != nil && r.IntN(2) == 0 {
				s.MemStats = &mem.MemStats{GCCPU: number(), ScavengeCPU: number()}
			}
		}
		run := measured(frames, began+mem.Instant(r.Int64N(70))*second, Outside{
			LatencyP50: someFloat(), LatencyP99: someFloat(), ProcessCPU: someFloat(), Faults: someFloat(),
		})
		run.Number, run.Status = 1, StatusDone
		l := labOf(t, 1, Default, gogc50)
		l.Add(Default, run)
		text, err := json.Marshal(l)
		if err != nil {
			t.Fatal(err)
		}
		var again Result
		if err := json.Unmarshal(text, &again); err != nil {
			t.Fatal(err)
		}
		if err := again.Valid(); err != nil {
			t.Fatalf("%v: %s", err, text)
		}
		judged := &l.Row(Default).Runs[0]
		for _, f := range Fields() {
			if (*judged.Measures.At(f) == nil) != (judged.Unknown[f.ID()] != "") {
				t.Fatalf("%s: %v, unknown because %q", f, *judged.Measures.At(f), judged.Unknown[f.ID()])
			}
		}
	}
}

func TestRetry(t *testing.T) {
	r := labOf(t, 2, Default, gogc50, limitSmall)
	r.Add(Default, Run{Number: 1, Status: StatusFailed, Problem: "died"})
	r.Add(Default, Run{Number: 2, Status: StatusFailed, Problem: "died"})
	r.Add(gogc50, done(1, 9))
	r.Add(gogc50, Run{Number: 2, Status: StatusRefused, Problem: "EINVAL"})
	if left := stepNames(r.Plan()); len(left) != 0 {
		t.Fatalf("%v is left", left)
	}
	r.Retry()
	want := "[default 1 limit-small 1 default 2 gogc-50 2 limit-small 2]"
	if got := stepNames(r.Plan()); "["+strings.Join(got, " ")+"]" != want {
		t.Errorf("left: %v, want %s", got, want)
	}
	if row := r.Row(gogc50); row.Status != StatusDone || len(row.Runs) != 1 {
		t.Errorf("what was measured is gone: %+v", row)
	}
	if row := r.Row(limitSmall); row.Status != StatusPending || row.Problem != "" {
		t.Errorf("what waited for the default: %+v", row)
	}
}

func TestHostDiffers(t *testing.T) {
	host := mem.Host{Kernel: "6.18.1", Arch: "amd64", PageSize: 4096, THP: "madvise", CPUs: 2}
	if got := HostDiffers(host, host); got != "" {
		t.Error(got)
	}
	other := host
	other.THP = "always"
	if got := HostDiffers(host, other); got != "the mode of huge pages (THP) was madvise, and is always" {
		t.Error(got)
	}
	other = host
	other.CPUModel = "Another CPU"
	if got := HostDiffers(host, other); !strings.HasPrefix(got, "the CPU was ") {
		t.Error(got)
	}
}
