package explain

import (
	"math"
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"strings"
	"testing"

	"whyres/collector/explain/causes"
	"whyres/collector/ledger"
	"whyres/collector/mem"
)

// limitFacts are 32 MiB of live heap, 20 MiB of C, 4 MiB of the program's file
// and 4 MiB of the runtime's own, with GOGC=100; change makes a case of them.
func limitFacts(change func(f *causes.Facts)) *causes.Facts {
	f := &causes.Facts{
		Process: mem.Process{PID: 42, GoVersion: "go1.26.8"},
		Sample: &mem.Sample{
			RSS: mem.RSS{Anon: 60 * mib, File: 4 * mib},
			MemStats: &mem.MemStats{
				Source: "memory", HeapMarked: 32 * mib, NextGC: 66 * mib, NumGC: 3, GCPercent: 100, MemoryLimit: math.MaxInt64,
				HeapSys: 44 * mib, Sys: 50 * mib, HeapReleased: 8 * mib, StackInuse: mib,
			},
		},
	}
	for _, part := range []ledger.Part{
		{ID: ledger.HeapLive, Bytes: 36 * mib},
		{ID: ledger.Metadata, Bytes: 4 * mib},
		{ID: ledger.CgoHeap, Bytes: 20 * mib},
		{ID: ledger.FileExe, Bytes: 4 * mib},
	} {
		f.Ledger.Parts = append(f.Ledger.Parts, part)
		f.Ledger.RES += part.Bytes
	}
	change(f)
	return f
}

func TestLimitsOfAProcess(t *testing.T) {
	t.Parallel()
	l := adviseLimits(limitFacts(func(*causes.Facts) {}))
	if l == nil {
		t.Fatal("no advice")
	}
	if l.NonGo != 24*mib || l.Stuck != 20*mib || l.Go != 42*mib || l.MemoryLimit != 0 {
		t.Errorf("%+v", l)
	}
	// GOGC is a percentage of 34 MiB: what was marked, stacks and globals.
	want := []Headroom{
		{GOGC: 50, Goal: 49 * mib, Room: 17 * mib},
		{GOGC: 100, Goal: 66 * mib, Room: 34 * mib, Present: true},
		{GOGC: 200, Goal: 100 * mib, Room: 68 * mib},
	}
	for i, h := range l.Headroom {
		if off := h.Goal - want[i].Goal; h.GOGC != want[i].GOGC || h.Present != want[i].Present || max(off, -off) > 200 {
			t.Errorf("headroom %+v, want %+v", h, want[i])
		}
	}
	// 66 of heap and 6 of the rest, and a tenth: 79.2.
	if l.Fit == nil || l.Fit.Set != "GOMEMLIMIT=79MiB" {
		t.Errorf("fit %+v", l.Fit)
	}
}

func TestLimitsFit(t *testing.T) {
	t.Parallel()
	group := func(limit uint64, change func(*mem.Cgroup)) func(*causes.Facts) {
		return func(f *causes.Facts) {
			f.Sample.Cgroup = &mem.Cgroup{Path: "/a", Processes: 1, Limit: limit, Anon: 60 * mib}
			change(f.Sample.Cgroup)
		}
	}
	same := func(*mem.Cgroup) {}
	for name, tt := range map[string]struct {
		change func(*causes.Facts)
		set    string
		says   string
	}{
		// 200 less 20 of C less 20 as a margin.
		"a group":      {group(200*mib, same), "GOMEMLIMIT=160MiB", "less a tenth (20.0 MiB)"},
		"a large one":  {group(4<<30, same), "GOMEMLIMIT=3648MiB", "of it 38.0 MiB are in use always"},
		"its fellows":  {group(200*mib, func(g *mem.Cgroup) { g.Anon += 30 * mib; g.Sock = 6 * mib; g.Kernel = 4 * mib }), "GOMEMLIMIT=120MiB", "less 40.0 MiB of other processes"},
		"a tight one":  {group(70*mib, same), "GOMEMLIMIT=43MiB", "the GC runs often already"},
		"too tight":    {group(60*mib, same), "GOMEMLIMIT=34MiB", "it does not fit what is live: Go needs 38.0 MiB"},
		"no room":      {group(28*mib, same), "", "No GOMEMLIMIT fits"},
		"the host's":   {group(200*mib, func(g *mem.Cgroup) { g.Path = "/" }), "GOMEMLIMIT=79MiB", "no limit of a control group is known"},
		"before 1.19":  {func(f *causes.Facts) { f.Process.GoVersion = "go1.18.10" }, "", "go1.18.10 knows no GOMEMLIMIT"},
		"GOGC off":     {func(f *causes.Facts) { f.Sample.MemStats.GCPercent = -1 }, "", "it grows without end"},
		"before a GC":  {func(f *causes.Facts) { f.Sample.MemStats.NumGC = 0 }, "", "No GOMEMLIMIT is set"},
		"off, limited": {func(f *causes.Facts) { f.Sample.MemStats.GCPercent = -1; f.Sample.MemStats.MemoryLimit = 90 * mib }, "", "Go may use 48.0 MiB more"},
		"over":         {func(f *causes.Facts) { f.Sample.MemStats.MemoryLimit = 40 * mib }, "GOMEMLIMIT=78MiB", "Go is 2.0 MiB above it"},
		"tiny": {func(f *causes.Facts) {
			f.Sample.MemStats.NextGC, f.Sample.MemStats.HeapMarked = 4*mib, mib
			f.Sample.MemStats.Sys = 46 * mib
		}, "", "4.0 MiB at GOGC=100"},
		"VIRT": {func(f *causes.Facts) { f.Sample.VMSize = 8 << 30 }, "GOMEMLIMIT=79MiB", "VIRT is 8.0 GiB"},
	} {
		l := adviseLimits(limitFacts(tt.change))
		if l == nil {
			t.Errorf("%s: no advice", name)
			continue
		}
		set := ""
		if l.Fit != nil {
			set = l.Fit.Set
		}
		if set != tt.set {
			t.Errorf("%s: %q, want %q", name, set, tt.set)
		}
		if text := strings.Join(l.Says, "\n"); !strings.Contains(text, tt.says) {
			t.Errorf("%s: nothing says %q:\n%s", name, tt.says, text)
		}
	}
}

func TestLimitsOfWhatIsNotKnown(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(*causes.Facts){
		"not Go":      func(f *causes.Facts) { f.Sample.MemStats = nil },
		"expvar":      func(f *causes.Facts) { f.Sample.MemStats.Source = "expvar" },
		"not divided": func(f *causes.Facts) { f.Ledger.Parts = f.Ledger.Parts[:1] },
	} {
		if l := adviseLimits(limitFacts(change)); l != nil {
			t.Errorf("%s: %+v", name, l)
		}
	}
}

// The headroom is what the runtime itself makes of the same live objects.
// Not parallel: others would allocate.
func TestHeadroomIsTheRuntimes(t *testing.T) { //nolint:paralleltest // as above
	live := make([][]byte, 64)
	for i := range live {
		live[i] = make([]byte, mib)
	}
	defer debug.SetGCPercent(debug.SetGCPercent(100))
	for !headroomsAgree(t) {
		t.Log("a GC came in between: once more")
	}
	runtime.KeepAlive(live)
}

// headroomsAgree is false where a GC came in between, and moved the goal.
func headroomsAgree(t *testing.T) bool {
	t.Helper()
	debug.SetGCPercent(100)
	runtime.GC()
	marked, goal := gcMetrics()
	m := mem.MemStats{
		NumGC: 1, HeapMarked: marked, NextGC: goal, GCPercent: 100, MemoryLimit: math.MaxInt64,
	}
	for _, h := range headrooms(&m, 26) {
		debug.SetGCPercent(h.GOGC)
		again, want := gcMetrics()
		if again != marked {
			return false
		}
		if off := h.Goal - int64(want); max(off, -off) > 4096 {
			t.Errorf("GOGC=%d: a goal of %d, the runtime's is %d", h.GOGC, h.Goal, want)
		}
	}
	return true
}

// gcMetrics are what the last GC marked and the goal of the next.
func gcMetrics() (marked, goal uint64) {
	samples := []metrics.Sample{{Name: "/gc/heap/live:bytes"}, {Name: "/gc/heap/goal:bytes"}}
	metrics.Read(samples)
	return samples[0].Value.Uint64(), samples[1].Value.Uint64()
}

// Up is that of the sample, in a trace too, and over an exec.
func TestUpOfASample(t *testing.T) {
	t.Parallel()
	a := NewAccumulator()
	s := &mem.Sample{At: 7_000, PID: 42}
	if up := a.up(s); up != 0 {
		t.Errorf("%v without a header", up)
	}
	a.Observe(mem.Frame{At: 5_000, Header: &mem.Header{Mono: 5_000, Process: mem.Process{PID: 42, Up: 1_000}}})
	a.Observe(mem.Frame{At: 6_000, Mark: &mem.Mark{At: 6_000, Kind: mem.MarkExec, PID: 42}})
	if up := a.up(s); up != 3_000 {
		t.Errorf("%v, want 3 µs", up)
	}
}
