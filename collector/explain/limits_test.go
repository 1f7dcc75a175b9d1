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
				HeapSys: 44 * mib, HeapInuse: 36 * mib, HeapAlloc: 36 * mib, HeapWalked: true, Sys: 50 * mib, HeapReleased: 8 * mib, StackInuse: mib,
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
		"a group":     {group(200*mib, same), "GOMEMLIMIT=160MiB", "less a tenth (20.0 MiB)"},
		"a large one": {group(4<<30, same), "GOMEMLIMIT=3648MiB", "Go needed 38.0 MiB of it at the last GC"},
		"its fellows": {group(200*mib, func(g *mem.Cgroup) { g.Anon += 30 * mib; g.Sock = 6 * mib; g.Kernel = 4 * mib }), "GOMEMLIMIT=120MiB", "less 40.0 MiB of other processes"},
		"a tight one": {group(70*mib, same), "GOMEMLIMIT=43MiB", "the GC runs often already"},
		"too tight":   {group(60*mib, same), "", "that leaves 34.0 MiB, and Go needs 38.0 MiB"},
		"no room":     {group(28*mib, same), "", "No GOMEMLIMIT fits, there is no room"},
		"of the group above": {group(400*mib, func(g *mem.Cgroup) {
			g.Path, g.LimitAt, g.Usage, g.LimitUsage = "/p/a", "/p", 70*mib, 350*mib
		}), "GOMEMLIMIT=60MiB", "the control group /p may have 400.0 MiB"},
		"what siblings hold": {group(400*mib, func(g *mem.Cgroup) {
			g.Path, g.LimitAt, g.Usage, g.LimitUsage = "/p/a", "/p", 70*mib, 350*mib
		}), "GOMEMLIMIT=60MiB", "less 280.0 MiB of other groups below /p"},
		"whose limit": {group(400*mib, func(g *mem.Cgroup) {
			g.Path, g.LimitAt, g.Usage, g.LimitUsage = "/p/a", "/p", 70*mib, 350*mib
		}), "GOMEMLIMIT=60MiB", "The group above it, /p, has a limit of 400.0 MiB, and all in that are charged 350.0 MiB"},
		"before its first GC": {func(f *causes.Facts) {
			group(200*mib, same)(f)
			f.Sample.MemStats.NumGC = 0
		}, "GOMEMLIMIT=160MiB", "no GC has run yet"},
		"a peak that does not fit": {func(f *causes.Facts) {
			group(200*mib, same)(f)
			f.Sample.VMHWM, f.Sample.MemStats.Sys, f.Sample.MemStats.HeapSys = 300*mib, 400*mib, 394*mib
		}, "GOMEMLIMIT=160MiB", "at its peak Go held up to 276.0 MiB: so much does not fit"},
		// The heap goal is 66 MiB, and 6 of stacks and the like; 120 of holes count too.
		"holes":          {func(f *causes.Facts) { f.Sample.MemStats.HeapInuse += 120 * mib }, "GOMEMLIMIT=210MiB", "holes in spans and the runtime's own take 126.0 MiB"},
		"holes, limited": {func(f *causes.Facts) { group(200*mib, same)(f); f.Sample.MemStats.HeapInuse += 120 * mib }, "", "that leaves 160.0 MiB, and Go needs 158.0 MiB"},
		// Quiet after a peak of 300 MiB, 24 of which are not Go's.
		"after a peak": {func(f *causes.Facts) {
			f.Sample.VMHWM, f.Sample.MemStats.Sys, f.Sample.MemStats.HeapSys = 300*mib, 400*mib, 394*mib
		}, "GOMEMLIMIT=300MiB", "at its peak Go held up to 276.0 MiB"},
		"mapped at the peak": {func(f *causes.Facts) { f.Sample.VMHWM = 300 * mib }, "GOMEMLIMIT=79MiB", "the sum, and a tenth"},
		"live above the limit": {
			func(f *causes.Facts) { f.Sample.MemStats.MemoryLimit = 30 * mib }, "GOMEMLIMIT=78MiB",
			"It is above its GOMEMLIMIT of 30.0 MiB: 32.0 MiB were live at the last GC: the limit cannot be kept.",
		},
		"stacks above the limit": {
			func(f *causes.Facts) { f.Sample.MemStats.MemoryLimit = 36 * mib }, "GOMEMLIMIT=78MiB",
			"stacks and the runtime's own take 6.0 MiB: the limit cannot be kept.",
		},
		"the limit decides": {
			func(f *causes.Facts) { f.Sample.MemStats.MemoryLimit = 50 * mib }, "GOMEMLIMIT=78MiB",
			"the memory limit decides when a GC comes, not GOGC",
		},
		"GOGC decides": {func(f *causes.Facts) { f.Sample.MemStats.MemoryLimit = 90 * mib }, "GOMEMLIMIT=78MiB", "65.0 MiB at GOGC=100 (as it is set)"},
		"the host's":   {group(200*mib, func(g *mem.Cgroup) { g.Path = "/" }), "GOMEMLIMIT=79MiB", "no limit of a control group is known"},
		"before 1.19":  {func(f *causes.Facts) { f.Process.GoVersion = "go1.18.10" }, "", "go1.18.10 knows no GOMEMLIMIT"},
		"GOGC off":     {func(f *causes.Facts) { f.Sample.MemStats.GCPercent = -1 }, "", "it grows without end"},
		"before a GC":  {func(f *causes.Facts) { f.Sample.MemStats.NumGC = 0 }, "", "No GOMEMLIMIT is set"},
		"off, limited": {func(f *causes.Facts) { f.Sample.MemStats.GCPercent = -1; f.Sample.MemStats.MemoryLimit = 90 * mib }, "", "the memory limit alone decides"},
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

// What is told unasked: one line without a limit, nothing of a small process.
func TestLimitsInShort(t *testing.T) {
	t.Parallel()
	small := func(f *causes.Facts) { f.Ledger.RES = 31 * mib }
	shared := func(f *causes.Facts) { f.Sample.Cgroup = &mem.Cgroup{Path: "/many", Processes: 30, Usage: 900 * mib} }
	for name, tt := range map[string]struct {
		change func(*causes.Facts)
		lines  int
		says   string
	}{
		"no limit":          {func(*causes.Facts) {}, 1, "by GOGC=100 the heap grows to 66.0 MiB before each GC; -v tells"},
		"a group of many":   {shared, 1, "No memory limit is set"},
		"GOGC off":          {func(f *causes.Facts) { f.Sample.MemStats.GCPercent = -1 }, 1, "GOGC is off: the heap grows without end."},
		"small":             {small, 0, ""},
		"small, GOMEMLIMIT": {func(f *causes.Facts) { small(f); f.Sample.MemStats.MemoryLimit = 90 * mib }, 4, "A memory limit of 90.0 MiB is set"},
		"small, a group's": {func(f *causes.Facts) {
			small(f)
			f.Sample.Cgroup = &mem.Cgroup{Path: "/a", Processes: 1, Limit: 200 * mib, Anon: 60 * mib}
		}, 5, "Its limit is 200.0 MiB"},
	} {
		l := adviseLimits(limitFacts(tt.change))
		if text := strings.Join(l.Short, "\n"); len(l.Short) != tt.lines || !strings.Contains(text, tt.says) {
			t.Errorf("%s: %d lines, want %d with %q:\n%s", name, len(l.Short), tt.lines, tt.says, text)
		}
		if len(l.Says) < 3 || strings.Contains(strings.Join(l.Says, "\n"), "900.0 MiB") {
			t.Errorf("%s: in full it says:\n%s", name, strings.Join(l.Says, "\n"))
		}
	}
}

// A runtime that releases with MADV_FREE takes nothing out of RES by
// FreeOSMemory: all that is free goes when memory gets short.
func TestLimitsOfALazyRuntime(t *testing.T) {
	t.Parallel()
	for env, want := range map[string]struct{ now, lazy int64 }{
		"madvdontneed=0": {0, 30 * mib}, "madvdontneed=1": {30 * mib, 0},
	} {
		heap := mem.RangeAt(0xc000000000, 64*mib)
		l := adviseLimits(limitFacts(func(f *causes.Facts) {
			f.Process.Env = map[string]string{"GODEBUG": env}
			f.Sample.Smaps = &mem.Smaps{}
			f.Sample.RSS = mem.RSS{Anon: 34 * mib}
			f.Sample.VMAs = []mem.VMA{{Range: heap, Perms: "rw-p", Rss: 34 * mib, Anonymous: 34 * mib}}
			f.Sample.Pages = &mem.GoPages{
				Agrees: true, Arenas: []mem.Range{heap},
				InUse: mem.Amount{Bytes: 4 * mib, Resident: 4 * mib}, Idle: mem.Amount{Bytes: 30 * mib, Resident: 30 * mib},
			}
		}))
		if l.Now == nil || *l.Now != want.now || l.Lazy != want.lazy {
			t.Errorf("%s: now %v, when memory is short %d, want %+v", env, l.Now, l.Lazy, want)
		}
		told := strings.Contains(strings.Join(l.Says, "\n"), "30.0 MiB go when memory gets short")
		if told != (want.lazy > 0) {
			t.Errorf("%s: it says %q", env, l.Says)
		}
		if short := strings.Contains(strings.Join(l.Short, "\n"), "30.0 MiB out of RES at once"); short != (want.now > 0) {
			t.Errorf("%s: in short it says %q", env, l.Short)
		}
	}
}
