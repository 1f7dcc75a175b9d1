package causes

import (
	"maps"
	"strings"
	"testing"
	"time"

	"whyres/collector/ledger"
	"whyres/collector/mem"
)

const testMiB = 1 << 20

// releasedCase is one process as a cause sees it, and what it has to say of it.
type releasedCase struct {
	name  string
	facts *Facts
	// want is "" where nothing is to be found.
	want   Confidence
	takes  map[string]int64
	beside int64
}

// releasedFacts is a process of so many MiB with these leaves of the ledger, in
// MiB too.
func releasedFacts(version string, res int64, leaves map[string]int64) *Facts {
	f := &Facts{
		Host:    mem.Host{PageSize: 4096, THP: "madvise", CPUs: 2},
		Process: mem.Process{GoVersion: version},
		Sample:  &mem.Sample{MemStats: &mem.MemStats{Source: "memory", HeapReleased: 64 * testMiB, GCPercent: 100}},
		Ledger:  ledger.Ledger{RES: res * testMiB},
	}
	for id, bytes := range leaves {
		f.Ledger.Parts = append(f.Ledger.Parts, ledger.Part{ID: id, Bytes: bytes * testMiB})
	}
	return f
}

func (f *Facts) with(change func(*Facts)) *Facts {
	change(f)
	return f
}

// checkReleased asks the cause alone, through Judge: so what is too small to be
// told is not, and no leaf is overdrawn.
func checkReleased(t *testing.T, c Cause, cases []releasedCase) {
	t.Helper()
	if c.Page.What == "" || c.Page.Mechanism == "" || c.Page.Proof == "" || len(c.Page.Remedy) == 0 || c.Page.Versions == "" || len(c.Page.Sources) == 0 {
		t.Errorf("%s: its page lacks something", c.ID)
	}
	for _, tc := range cases {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			j := Judge([]Cause{c}, tc.facts)
			if tc.want == "" {
				if len(j.Causes) > 0 {
					t.Fatalf("found, want nothing: %+v", j.Causes[0])
				}
				return
			}
			if len(j.Causes) == 0 {
				t.Fatal("not found")
			}
			got := j.Causes[0]
			takes := map[string]int64{}
			for _, take := range got.Takes {
				takes[take.Leaf] += take.Bytes
			}
			want := map[string]int64{}
			for id, bytes := range tc.takes {
				want[id] = bytes * testMiB
			}
			if got.Confidence != tc.want || !maps.Equal(takes, want) || got.Beside != tc.beside*testMiB {
				t.Errorf("%s, takes %v, beside %d; want %s, %v, %d MiB", got.Confidence, takes, got.Beside, tc.want, want, tc.beside)
			}
			if got.Says == "" || strings.HasSuffix(got.Says, ".") || len(got.Evidence) == 0 || len(got.Remedy) == 0 {
				t.Errorf("it lacks evidence, a remedy or its sentence: %+v", got)
			}
			if got.Confidence == Likely && len(got.Ask) == 0 && tc.facts.Trace == nil {
				t.Error("it does not say how to find out what is missing")
			}
		})
	}
}

func traceOf(t Trace) *Trace {
	if t.Duration == 0 {
		t.Duration = 10 * time.Second
	}
	return &t
}

func TestMadvFree(t *testing.T) {
	t.Parallel()
	lazy := map[string]int64{ledger.ReleasedLazy: 64}
	checkReleased(t, madvFree(), []releasedCase{
		{name: "its default", facts: releasedFacts("go1.15.15", 70, lazy), want: Proved, takes: lazy},
		{name: "asked for", facts: releasedFacts("go1.26.8", 70, lazy).with(func(f *Facts) {
			f.Process.Env = map[string]string{"GODEBUG": "madvdontneed=0"}
		}), want: Proved, takes: lazy},
		{name: "all taken by now", facts: releasedFacts("go1.15.15", 70, nil).with(func(f *Facts) {
			f.Trace = traceOf(Trace{Lazy: Sum{9, 64 * testMiB}})
		})},
		{name: "just enough", facts: releasedFacts("go1.15.15", 20, map[string]int64{ledger.ReleasedLazy: 1}), want: Proved, takes: map[string]int64{ledger.ReleasedLazy: 1}},
		{name: "too little", facts: releasedFacts("go1.15.15", 40, map[string]int64{ledger.ReleasedLazy: 1})},
	})
}

func TestMadvFreeRemedy(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		version, debug, advice, want string
	}{
		"its default":      {"go1.15.15", "", "", "GODEBUG=madvdontneed=1"},
		"environment":      {"go1.26.8", "madvdontneed=0", "", "without madvdontneed=0"},
		"the runtime's":    {"go1.26.8", "", "MADV_FREE", "without madvdontneed=0"},
		"not by its doing": {"go1.26.8", "gctrace=1", "MADV_DONTNEED", "who calls madvise(MADV_FREE)"},
	} {
		f := releasedFacts(tc.version, 70, map[string]int64{ledger.ReleasedLazy: 64})
		f.Process.Env = map[string]string{"GODEBUG": tc.debug}
		f.Sample.Clock = &mem.GoClock{Advice: tc.advice}
		if found := findMadvFree(f); !strings.Contains(found.Remedy[0], tc.want) {
			t.Errorf("%s: %q, want %q", name, found.Remedy[0], tc.want)
		}
	}
}

func TestLockedMemory(t *testing.T) {
	t.Parallel()
	all := map[string]int64{"heap": 66, ledger.ReleasedLocked: 60, ledger.HeapReserved: 4, ledger.IdleDue: 2}
	locked := func(bytes uint64) func(*Facts) { return func(f *Facts) { f.HeapLocked = bytes * testMiB } }
	checkReleased(t, lockedMemory(), []releasedCase{
		{
			name: "all of the heap, a twentieth still to be given back", facts: releasedFacts("go1.20.14", 70, all).with(locked(66)), want: Proved,
			takes: map[string]int64{ledger.ReleasedLocked: 60, ledger.HeapReserved: 4, ledger.IdleDue: 2},
		},
		// That free memory will stay as well is concluded: much of it is likely only.
		{
			name: "much is still to be given back", facts: releasedFacts("go1.20.14", 70, map[string]int64{"heap": 66, ledger.ReleasedLocked: 40, ledger.IdleDue: 20}).with(locked(66)),
			want: Likely, takes: map[string]int64{ledger.ReleasedLocked: 40, ledger.IdleDue: 20},
		},
		{name: "a part of the heap", facts: releasedFacts("go1.26.8", 70, all).with(locked(65)), want: Proved, takes: map[string]int64{ledger.ReleasedLocked: 60}},
		// MCL_ONFAULT: the heap is locked, and what was released has gone. What is idle
		// will go, too.
		{name: "on fault", facts: releasedFacts("go1.26.8", 70, map[string]int64{"heap": 66, ledger.IdleDue: 60}).with(locked(66))},
		{name: "not locked", facts: releasedFacts("go1.26.8", 70, map[string]int64{"heap": 66, ledger.IdleDue: 60})},
		{name: "refused once, unlocked since", facts: releasedFacts("go1.26.8", 70, map[string]int64{"heap": 66}).with(func(f *Facts) {
			f.Trace = traceOf(Trace{RefusedLocked: Sum{1, 60 * testMiB}, Fixed: Sum{1, 60 * testMiB}})
		})},
	})
}

func TestLockedMemoryRemedyFitsItsGo(t *testing.T) {
	t.Parallel()
	for version, want := range map[string]string{"go1.20.14": "build it with Go 1.21 or newer, and add MCL_ONFAULT", "go1.21.0": "add MCL_ONFAULT"} {
		found := findLockedMemory(releasedFacts(version, 70, map[string]int64{ledger.ReleasedLocked: 60}))
		if !strings.HasPrefix(found.Remedy[0], want) {
			t.Errorf("%s: %q", version, found.Remedy[0])
		}
	}
}

func TestMadviseRefused(t *testing.T) {
	t.Parallel()
	again := map[string]int64{ledger.ReleasedAgain: 40, ledger.ReleasedHuge: 20}
	refused := func(errno string, bytes uint64) func(*Facts) {
		return func(f *Facts) {
			f.Trace = traceOf(Trace{Own: Sum{8, bytes * testMiB}, Refused: map[string]Sum{errno: {8, bytes * testMiB}}})
		}
	}
	seccomp := func(f *Facts) { f.Process.Seccomp = true }
	checkReleased(t, madviseRefused(), []releasedCase{
		{name: "all of it", facts: releasedFacts("go1.20.14", 70, again).with(refused("EPERM", 60)), want: Proved, takes: again},
		{name: "a part of it", facts: releasedFacts("go1.20.14", 70, again).with(refused("ENOSYS", 10)), want: Likely, takes: map[string]int64{ledger.ReleasedAgain: 10}},
		{name: "half of it", facts: releasedFacts("go1.20.14", 70, again).with(refused("ENOSYS", 30)), want: Proved, takes: map[string]int64{ledger.ReleasedAgain: 30}},
		{name: "most releases succeeded", facts: releasedFacts("go1.20.14", 420, map[string]int64{ledger.ReleasedAgain: 60}).with(refused("EPERM", 40)).with(func(f *Facts) {
			f.Trace.Own = Sum{40, 400 * testMiB}
		}), want: Likely, takes: map[string]int64{ledger.ReleasedAgain: 40}},
		{name: "only another's call was refused", facts: releasedFacts("go1.20.14", 70, again).with(func(f *Facts) {
			f.Trace = traceOf(Trace{Asked: Sum{9, 60 * testMiB}, Own: Sum{8, 60 * testMiB}})
		})},
		{name: "more than is still there", facts: releasedFacts("go1.20.14", 70, map[string]int64{ledger.ReleasedAgain: 5}).with(refused("EPERM", 60)), want: Likely, takes: map[string]int64{ledger.ReleasedAgain: 5}},
		{name: "mapped anew instead", facts: releasedFacts("go1.21.0", 70, again).with(refused("EPERM", 60))},
		{name: "only over locked memory", facts: releasedFacts("go1.20.14", 70, again).with(refused("EINVAL", 60)).with(func(f *Facts) {
			f.Trace.RefusedLocked = Sum{8, 60 * testMiB}
		})},
		{name: "a filter", facts: releasedFacts("go1.20.14", 70, again).with(seccomp), want: Likely, takes: map[string]int64{ledger.ReleasedAgain: 40}},
		{name: "a filter that lets it pass", facts: releasedFacts("go1.20.14", 70, again).with(seccomp).with(func(f *Facts) {
			f.Trace = traceOf(Trace{Own: Sum{8, 60 * testMiB}})
		})},
		{name: "a filter, and most has left", facts: releasedFacts("go1.20.14", 70, map[string]int64{ledger.ReleasedAgain: 31}).with(seccomp)},
		{name: "a filter, and half has stayed", facts: releasedFacts("go1.20.14", 70, map[string]int64{ledger.ReleasedAgain: 32}).with(seccomp), want: Likely, takes: map[string]int64{ledger.ReleasedAgain: 32}},
		{name: "no filter", facts: releasedFacts("go1.20.14", 70, again)},
		{name: "not Go", facts: releasedFacts("", 70, again).with(refused("EPERM", 60))},
	})
}

func TestCallsWithoutEffect(t *testing.T) {
	t.Parallel()
	again := map[string]int64{ledger.ReleasedAgain: 40, ledger.ReleasedHuge: 20}
	none := func(bytes uint64) func(*Facts) {
		return func(f *Facts) { f.Trace = traceOf(Trace{Own: Sum{8, 60 * testMiB}, NoEffect: Sum{8, bytes * testMiB}}) }
	}
	asked := func(bytes uint64, left int64, lost uint64) func(*Facts) {
		return func(f *Facts) {
			f.Trace = traceOf(Trace{Own: Sum{8, bytes * testMiB}, OwnLeft: left * testMiB, OwnRES: 70 * testMiB, StillThere: bytes * testMiB, Lost: lost})
		}
	}
	checkReleased(t, callsWithoutEffect(), []releasedCase{
		{name: "all of it", facts: releasedFacts("go1.26.8", 70, again).with(none(60)), want: Proved, takes: again},
		{name: "a part of it", facts: releasedFacts("go1.26.8", 70, again).with(none(10)), want: Likely, takes: map[string]int64{ledger.ReleasedAgain: 10}},
		{name: "gone by now", facts: releasedFacts("go1.26.8", 70, nil).with(none(60))},
		{name: "in vain", facts: releasedFacts("go1.26.8", 70, again).with(asked(64, 6, 0)), want: Likely, takes: map[string]int64{ledger.ReleasedAgain: 40}},
		{name: "a part in vain", facts: releasedFacts("go1.26.8", 70, again).with(asked(10, 0, 0)), want: Likely, takes: map[string]int64{ledger.ReleasedAgain: 10}},
		{name: "in vain, and not there since", facts: releasedFacts("go1.26.8", 70, again).with(asked(64, 0, 0)).with(func(f *Facts) {
			f.Trace.StillThere = 31 * testMiB
		}), want: Possible, takes: map[string]int64{ledger.ReleasedAgain: 40}},
		{name: "in vain, was not resident and came since", facts: releasedFacts("go1.26.8", 70, again).with(asked(64, 0, 0)).with(func(f *Facts) {
			f.Trace.OwnRES = 37 * testMiB
		}), want: Possible, takes: map[string]int64{ledger.ReleasedAgain: 40}},
		{name: "in vain, RES not known", facts: releasedFacts("go1.26.8", 70, again).with(asked(64, 0, 0)).with(func(f *Facts) {
			f.Trace.OwnRES = 0
		}), want: Possible, takes: map[string]int64{ledger.ReleasedAgain: 40}},
		{name: "not in vain", facts: releasedFacts("go1.26.8", 70, again).with(asked(64, 7, 0)), want: Possible, takes: map[string]int64{ledger.ReleasedAgain: 40}},
		{name: "most has left", facts: releasedFacts("go1.26.8", 70, again).with(asked(81, 0, 0)), want: Possible, takes: map[string]int64{ledger.ReleasedAgain: 40}},
		{name: "with losses", facts: releasedFacts("go1.26.8", 70, again).with(asked(64, 0, 1)), want: Possible, takes: map[string]int64{ledger.ReleasedAgain: 40}},
		{name: "not traced", facts: releasedFacts("go1.26.8", 70, again), want: Possible, takes: map[string]int64{ledger.ReleasedAgain: 40}},
		{name: "huge pages alone", facts: releasedFacts("go1.26.8", 70, map[string]int64{ledger.ReleasedHuge: 20})},
	})
}

func TestKhugepagedRefill(t *testing.T) {
	t.Parallel()
	huge := map[string]int64{ledger.ReleasedHuge: 60}
	collapses := func(bytes uint64) func(*Facts) {
		return func(f *Facts) {
			f.Trace = traceOf(Trace{Collapses: Sum{30, bytes * testMiB}, Refilled: bytes * testMiB, Refaulted: bytes * testMiB})
		}
	}
	none := func(n int) func(*Facts) { return func(f *Facts) { f.Host.MaxPtesNone = &n } }
	thp := func(setting string) func(*Facts) { return func(f *Facts) { f.Host.THP = setting } }
	checkReleased(t, khugepagedRefill(), []releasedCase{
		{name: "seen", facts: releasedFacts("go1.26.8", 70, huge).with(collapses(60)), want: Proved, takes: huge},
		{name: "seen for a part", facts: releasedFacts("go1.20.14", 70, huge).with(collapses(20)), want: Proved, takes: map[string]int64{ledger.ReleasedHuge: 20}},
		{name: "seen, and released again since", facts: releasedFacts("go1.26.8", 70, map[string]int64{ledger.ReleasedHuge: 5}).with(collapses(60)), want: Likely, takes: map[string]int64{ledger.ReleasedHuge: 5}},
		{name: "seen, before Go released as much", facts: releasedFacts("go1.26.8", 70, huge).with(collapses(60)).with(func(f *Facts) {
			f.Trace.Refilled = 50 * testMiB
		}), want: Likely, takes: huge},
		{name: "seen, but what was released has not come back", facts: releasedFacts("go1.26.8", 70, huge).with(collapses(60)).with(func(f *Facts) {
			f.Trace.Refaulted = 50 * testMiB
		}), want: Likely, takes: huge},
		{name: "seen, growth not told", facts: releasedFacts("go1.20.14", 70, huge).with(func(f *Facts) {
			f.Trace = traceOf(Trace{Collapses: Sum{30, 0}, Untold: 30})
		}), want: Likely, takes: huge},
		{name: "seen, no holes filled", facts: releasedFacts("go1.26.8", 70, huge).with(collapses(0))},
		{name: "seen, and gone since", facts: releasedFacts("go1.26.8", 70, nil).with(collapses(60))},
		{name: "always on", facts: releasedFacts("go1.21.1", 70, huge).with(thp("always")).with(none(511)), want: Likely, takes: huge},
		{name: "asked for", facts: releasedFacts("go1.26.8", 70, huge), want: Likely, takes: huge},
		{name: "holes of one page", facts: releasedFacts("go1.26.8", 70, huge).with(none(1)), want: Likely, takes: huge},
		{name: "no holes", facts: releasedFacts("go1.26.8", 70, huge).with(none(0))},
		{name: "off", facts: releasedFacts("go1.26.8", 70, huge).with(thp("never"))},
		{name: "a Go that does it itself", facts: releasedFacts("go1.21.0", 70, huge)},
		{name: "came while traced, without khugepaged", facts: releasedFacts("go1.26.8", 70, huge).with(func(f *Facts) {
			f.Trace = traceOf(Trace{RESFirst: 10 * testMiB})
		})},
		{name: "was there before the trace", facts: releasedFacts("go1.26.8", 70, huge).with(func(f *Facts) {
			f.Trace = traceOf(Trace{RESFirst: 11 * testMiB})
		}), want: Likely, takes: huge},
		{name: "came while traced with losses", facts: releasedFacts("go1.26.8", 70, huge).with(func(f *Facts) {
			f.Trace = traceOf(Trace{RESFirst: 10 * testMiB, Lost: 1})
		}), want: Likely, takes: huge},
	})
}

func TestThpRounding(t *testing.T) {
	t.Parallel()
	huge := map[string]int64{ledger.ReleasedHuge: 60, ledger.HeapReserved: 4}
	checkReleased(t, thpRounding(), []releasedCase{
		{name: "released", facts: releasedFacts("go1.26.8", 70, huge), want: Likely, takes: map[string]int64{ledger.ReleasedHuge: 60}},
		{name: "never used, too", facts: releasedFacts("go1.26.8", 70, huge).with(func(f *Facts) {
			f.Sample.Pages = &mem.GoPages{Reserved: mem.Amount{Bytes: 8 * testMiB, Resident: 4 * testMiB, Huge: 4 * testMiB}}
		}), want: Likely, takes: huge},
		{name: "small pages", facts: releasedFacts("go1.26.8", 70, map[string]int64{ledger.ReleasedAgain: 60, ledger.HeapReserved: 4})},
	})
}

// Where huge pages are off, neither the cause nor the remedy says that they are on.
func TestThpRoundingWhereHugePagesAreOff(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		thp, debug, says, remedy, not string
	}{
		"never":           {"never", "", "older than the host's setting", "restart it", "disablethp=1"},
		"never, disabled": {"never", "disablethp=1", "older than the host's setting", "restart it", "disablethp=1"},
		"disabled":        {"always", "gctrace=1,disablethp=1", "though it was started with GODEBUG=disablethp=1", "find who marks", "start it with"},
		"on request":      {"madvise", "", "touching that brought these too", "start it with GODEBUG=disablethp=1", "restart it"},
	} {
		f := releasedFacts("go1.26.8", 70, map[string]int64{ledger.ReleasedHuge: 60})
		f.Host.THP, f.Process.Env = tc.thp, map[string]string{"GODEBUG": tc.debug}
		found := findThpRounding(f)
		if !strings.Contains(found.Says, tc.says) || !strings.HasPrefix(found.Remedy[0], tc.remedy) || strings.Contains(strings.Join(found.Remedy, " "), tc.not) {
			t.Errorf("%s: %q, %q", name, found.Says, found.Remedy)
		}
	}
}

func TestForcedHugePages(t *testing.T) {
	t.Parallel()
	huge := map[string]int64{ledger.ReleasedHuge: 60}
	advised := func(f *Facts) { f.Trace = traceOf(Trace{HugeAdvice: Sum{3, 64 * testMiB}}) }
	collapse := func(f *Facts) { f.Trace = traceOf(Trace{CollapseAdvice: Sum{3, 12 * testMiB}}) }
	checkReleased(t, forcedHugePages(), []releasedCase{
		{name: "1.21.0", facts: releasedFacts("go1.21.0", 70, huge), want: Likely, takes: huge},
		{name: "1.21.0, seen", facts: releasedFacts("go1.21.0", 70, huge).with(advised), want: Proved, takes: huge},
		{name: "1.21.0, a part by khugepaged", facts: releasedFacts("go1.21.0", 70, huge).with(func(f *Facts) {
			f.Trace = traceOf(Trace{HugeAdvice: Sum{3, 64 * testMiB}, Collapses: Sum{10, 20 * testMiB}})
		}), want: Proved, takes: map[string]int64{ledger.ReleasedHuge: 40}},
		{name: "1.21.0, always on", facts: releasedFacts("go1.21.0", 70, huge).with(func(f *Facts) { f.Host.THP = "always" })},
		{name: "1.21.0, never", facts: releasedFacts("go1.21.0", 70, huge).with(advised).with(func(f *Facts) { f.Host.THP = "never" })},
		{name: "1.21.0, seen for less", facts: releasedFacts("go1.21.0", 70, huge).with(advised).with(func(f *Facts) { f.Trace.HugeAdvice.Bytes = 59 * testMiB }), want: Likely, takes: huge},
		{name: "1.21.0, others marked some too", facts: releasedFacts("go1.21.0", 70, huge).with(advised).with(func(f *Facts) { f.Trace.HugeByOthers = Sum{1, 64 * testMiB} }), want: Likely, takes: huge},
		{name: "1.21.0, none left", facts: releasedFacts("go1.21.0", 70, nil).with(advised)},
		{name: "1.21.1", facts: releasedFacts("go1.21.1", 70, nil).with(collapse), want: Likely},
		{name: "1.21.3", facts: releasedFacts("go1.21.3", 70, nil).with(collapse), want: Likely},
		{name: "1.21.3, not seen", facts: releasedFacts("go1.21.3", 70, huge)},
		{name: "1.21.4", facts: releasedFacts("go1.21.4", 70, huge).with(collapse)},
		{name: "1.20", facts: releasedFacts("go1.20.14", 70, huge).with(advised)},
	})
}

func TestNohugepageHeuristic(t *testing.T) {
	t.Parallel()
	huge := map[string]int64{ledger.ReleasedHuge: 60}
	advised := func(f *Facts) {
		f.Trace = traceOf(Trace{HugeAdvice: Sum{3, 64 * testMiB}, Collapses: Sum{1, 2 * testMiB}})
	}
	checkReleased(t, nohugepageHeuristic(), []releasedCase{
		{name: "1.20", facts: releasedFacts("go1.20.14", 70, huge), want: Likely, takes: huge},
		{name: "seen", facts: releasedFacts("go1.12.17", 70, huge).with(advised), want: Proved, takes: map[string]int64{ledger.ReleasedHuge: 58}},
		{name: "seen, always on", facts: releasedFacts("go1.20.14", 70, huge).with(advised).with(func(f *Facts) { f.Host.THP = "always" }), want: Likely, takes: map[string]int64{ledger.ReleasedHuge: 58}},
		{name: "seen, khugepaged's part not told", facts: releasedFacts("go1.20.14", 70, huge).with(advised).with(func(f *Facts) { f.Trace.Untold = 1 }), want: Likely, takes: map[string]int64{ledger.ReleasedHuge: 58}},
		{name: "seen, others marked some too", facts: releasedFacts("go1.20.14", 70, huge).with(advised).with(func(f *Facts) { f.Trace.HugeByOthers = Sum{1, 64 * testMiB} }), want: Likely, takes: map[string]int64{ledger.ReleasedHuge: 58}},
		{name: "never", facts: releasedFacts("go1.20.14", 70, huge).with(advised).with(func(f *Facts) { f.Host.THP = "never" })},
		{name: "1.21", facts: releasedFacts("go1.21.0", 70, huge).with(advised)},
		{name: "none left", facts: releasedFacts("go1.20.14", 70, nil).with(advised)},
	})
}

func TestPartialHugePage(t *testing.T) {
	t.Parallel()
	measured := func(left, got, shared int64) func(*Facts) {
		return func(f *Facts) {
			f.Trace = traceOf(Trace{Measured: left * testMiB, ToAllocator: got * testMiB, Shared: Sum{1, uint64(shared) * testMiB}})
		}
	}
	charged := func(usage uint64) func(*Facts) {
		return func(f *Facts) {
			f.Sample.Cgroup = &mem.Cgroup{Path: "/a", Processes: 1, Usage: usage * testMiB, Anon: 4 * testMiB, File: 2 * testMiB, Kernel: testMiB}
		}
	}
	seen := func(f *Facts) { f.Sample.Smaps = &mem.Smaps{AnonHugePages: 2 * testMiB} }
	checkReleased(t, partialHugePage(), []releasedCase{
		{name: "both", facts: releasedFacts("go1.26.8", 8, nil).with(measured(62, 2, 0)).with(charged(69)), want: Proved, beside: 60},
		{name: "both, some taken since", facts: releasedFacts("go1.26.8", 8, nil).with(measured(62, 2, 0)).with(charged(17)), want: Proved, beside: 10},
		{name: "calls", facts: releasedFacts("go1.26.8", 8, nil).with(measured(62, 2, 0)).with(seen), want: Likely, beside: 60},
		{name: "calls, marked for huge pages", facts: releasedFacts("go1.26.8", 8, nil).with(measured(62, 2, 0)).with(func(f *Facts) { f.Trace.HugeByOthers = Sum{1, 64 * testMiB} }), want: Likely, beside: 60},
		{name: "calls, huge pages before", facts: releasedFacts("go1.26.8", 8, nil).with(measured(62, 2, 0)).with(func(f *Facts) { f.Trace.HugePages = 2 * testMiB }), want: Likely, beside: 60},
		{name: "calls, no huge page seen", facts: releasedFacts("go1.26.8", 8, nil).with(measured(62, 2, 0)), want: Possible, beside: 60},
		{name: "charge", facts: releasedFacts("go1.26.8", 8, nil).with(charged(67)).with(seen), want: Likely, beside: 60},
		{name: "charge, no huge page seen", facts: releasedFacts("go1.26.8", 8, nil).with(charged(67))},
		{name: "charge, no huge page seen, always on", facts: releasedFacts("go1.26.8", 8, nil).with(charged(67)).with(func(f *Facts) { f.Host.THP = "always" }), want: Possible, beside: 60},
		{name: "a child has it", facts: releasedFacts("go1.26.8", 8, nil).with(measured(62, 2, 60))},
		{name: "all returned", facts: releasedFacts("go1.26.8", 8, nil).with(measured(62, 62, 0))},
		{name: "not measured", facts: releasedFacts("go1.26.8", 8, nil).with(measured(0, 0, 0))},
		{name: "the kernel's slack", facts: releasedFacts("go1.26.8", 8, nil).with(charged(8))},
		{name: "not alone", facts: releasedFacts("go1.26.8", 8, nil).with(charged(67)).with(func(f *Facts) { f.Sample.Cgroup.Processes = 2 })},
		{name: "kernel memory unknown", facts: releasedFacts("go1.26.8", 8, nil).with(charged(67)).with(func(f *Facts) { f.Sample.Cgroup.Kernel = 0 })},
		{name: "no huge pages", facts: releasedFacts("go1.26.8", 8, nil).with(charged(67)).with(func(f *Facts) { f.Host.THP = "never" })},
	})
}

func TestLargeOSPages(t *testing.T) {
	t.Parallel()
	due := map[string]int64{ledger.IdleDue: 60}
	pages := func(size int, parked, asked bool) func(*Facts) {
		return func(f *Facts) {
			f.Host.PageSize = size
			f.Sample.Clock = &mem.GoClock{ScavengerParked: parked, ScavengerAsked: asked}
		}
	}
	checkReleased(t, largeOSPages(), []releasedCase{
		{name: "64 KiB", facts: releasedFacts("go1.26.8", 70, due).with(pages(64<<10, true, false)), want: Likely, takes: due},
		{name: "at work", facts: releasedFacts("go1.26.8", 70, due).with(pages(64<<10, false, false)), want: Possible, takes: due},
		{name: "about to wake", facts: releasedFacts("go1.26.8", 70, due).with(pages(64<<10, true, true)), want: Possible, takes: due},
		{name: "as large as Go's", facts: releasedFacts("go1.26.8", 70, due).with(pages(8<<10, true, false))},
		{name: "nothing due", facts: releasedFacts("go1.26.8", 70, map[string]int64{ledger.IdleGoal: 60}).with(pages(64<<10, true, false))},
	})
}

func TestRefaultChurn(t *testing.T) {
	t.Parallel()
	churn := func(left int64, soon uint64, d time.Duration) func(*Facts) {
		return func(f *Facts) {
			f.Trace = traceOf(Trace{Asked: Sum{40, 1 << 30}, Left: left * testMiB, RefaultedSoon: soon * testMiB, Duration: d})
		}
	}
	checkReleased(t, refaultChurn(), []releasedCase{
		{name: "waves", facts: releasedFacts("go1.26.8", 70, nil).with(churn(640, 600, 10*time.Second)), want: Proved},
		{name: "half of it, 16 MiB a second", facts: releasedFacts("go1.26.8", 70, nil).with(churn(320, 160, 10*time.Second)), want: Proved},
		{name: "less than half", facts: releasedFacts("go1.26.8", 70, nil).with(churn(642, 320, 10*time.Second))},
		{name: "slowly", facts: releasedFacts("go1.26.8", 70, nil).with(churn(320, 160, 11*time.Second))},
		{name: "a glance", facts: releasedFacts("go1.26.8", 70, nil).with(churn(0, 0, time.Millisecond))},
		{name: "not traced", facts: releasedFacts("go1.26.8", 70, nil)},
	})
}

func TestLimitStorm(t *testing.T) {
	t.Parallel()
	limit := func(mib int64, atLimit uint64) func(*Facts) {
		return func(f *Facts) {
			m := f.Sample.MemStats
			m.MemoryLimit, m.Sys, m.HeapReleased = mib*testMiB, 105*testMiB, 10*testMiB
			f.Sample.At, m.LastGC = 100e9, 90e9
			if atLimit != 0 {
				f.Trace = traceOf(Trace{AtLimit: Sum{atLimit, atLimit << 16}})
			}
		}
	}
	checkReleased(t, limitStorm(), []releasedCase{
		{name: "storm", facts: releasedFacts("go1.26.8", 70, nil).with(limit(100, 1000)), want: Proved},
		{name: "ten a second", facts: releasedFacts("go1.26.8", 70, nil).with(limit(100, 100)), want: Proved},
		{name: "now and then", facts: releasedFacts("go1.26.8", 70, nil).with(limit(100, 99))},
		{name: "near it", facts: releasedFacts("go1.26.8", 70, nil).with(limit(100, 0)), want: Possible},
		{name: "near it, idle", facts: releasedFacts("go1.26.8", 70, nil).with(limit(100, 0)).with(func(f *Facts) { f.Sample.MemStats.LastGC = 55e9 })},
		{name: "near it, no GC yet", facts: releasedFacts("go1.26.8", 70, nil).with(limit(100, 0)).with(func(f *Facts) { f.Sample.MemStats.LastGC = 0 })},
		{name: "far from it", facts: releasedFacts("go1.26.8", 70, nil).with(limit(101, 0))},
		{name: "no limit", facts: releasedFacts("go1.26.8", 70, nil).with(limit(0, 1000))},
	})
}

func TestZeroedFreshMemory(t *testing.T) {
	t.Parallel()
	live := map[string]int64{ledger.HeapLive: 60}
	sizes := func(large uint64) func(*Facts) {
		return func(f *Facts) {
			f.Sample.Pages = &mem.GoPages{Sizes: []mem.SizeClass{{Class: 0, InUse: mem.Amount{Bytes: 64 * testMiB, Resident: large * testMiB}}, {Class: 5}}}
		}
	}
	checkReleased(t, zeroedFreshMemory(), []releasedCase{
		{name: "1.24.0", facts: releasedFacts("go1.24.0", 70, live), want: Possible},
		{name: "1.24.5, large objects", facts: releasedFacts("go1.24.5", 70, live).with(sizes(50)), want: Possible},
		{name: "1.24.5, small objects", facts: releasedFacts("go1.24.5", 70, live).with(sizes(1))},
		{name: "1.24.6", facts: releasedFacts("go1.24.6", 70, live)},
		{name: "1.23", facts: releasedFacts("go1.23.12", 70, live)},
		{name: "no objects", facts: releasedFacts("go1.24.0", 70, nil)},
	})
}

func TestKnownRegression(t *testing.T) {
	t.Parallel()
	garbage := map[string]int64{ledger.HeapGarbage: 32}
	stats := func(percent int32, next uint64) func(*Facts) {
		return func(f *Facts) {
			m := f.Sample.MemStats
			m.GCPercent, m.HeapMarked, m.NextGC = percent, 100*testMiB, next*testMiB
		}
	}
	checkReleased(t, knownRegression(), []releasedCase{
		{name: "1.14", facts: releasedFacts("go1.14", 140, garbage).with(stats(20, 160)), want: Proved, takes: map[string]int64{ledger.HeapGarbage: 12}},
		{name: "1.14.1", facts: releasedFacts("go1.14.1", 140, garbage).with(stats(0, 160)), want: Proved, takes: garbage},
		{name: "within what GOGC allows", facts: releasedFacts("go1.14", 140, garbage).with(stats(32, 160))},
		{name: "a right goal", facts: releasedFacts("go1.14", 140, garbage).with(stats(20, 120))},
		{name: "GOGC above it", facts: releasedFacts("go1.14", 140, garbage).with(stats(60, 160))},
		{name: "GOGC off", facts: releasedFacts("go1.14", 140, garbage).with(stats(-1, 160))},
		{name: "1.14.2", facts: releasedFacts("go1.14.2", 140, garbage).with(stats(20, 160))},
	})
}

// What a trace proves and what only the release speaks for do not take the same
// bytes.
func TestHugeLeafIsTakenOnce(t *testing.T) {
	t.Parallel()
	f := releasedFacts("go1.20.14", 70, map[string]int64{ledger.ReleasedHuge: 60})
	f.Trace = traceOf(Trace{HugeAdvice: Sum{3, 64 * testMiB}, Collapses: Sum{10, 20 * testMiB}})
	j := Judge(released(), f)
	got := map[string]int64{}
	for _, c := range j.Causes {
		got[c.ID] = c.Bytes / testMiB
	}
	if want := map[string]int64{"nohugepage-heuristic": 40, "khugepaged-refill": 20}; !maps.Equal(got, want) || j.Healthy != 10*testMiB {
		t.Errorf("%v, healthy %d, want %v and 10 MiB", got, j.Healthy/testMiB, want)
	}
}

// A process with nothing wrong gets nothing, traced or not, of any release.
func TestReleasedHealthy(t *testing.T) {
	t.Parallel()
	for _, version := range []string{"", "go1.12.17", "go1.14", "go1.20.14", "go1.21.0", "go1.21.3", "go1.26.8"} {
		f := releasedFacts(version, 70, map[string]int64{ledger.HeapLive: 40, ledger.HeapGarbage: 10, ledger.IdleGoal: 8, ledger.FileExe: 4})
		f.Sample.MemStats.HeapMarked, f.Sample.MemStats.NextGC = 40*testMiB, 80*testMiB
		for _, trace := range []*Trace{nil, traceOf(Trace{Asked: Sum{9, 8 * testMiB}, Left: 8 * testMiB, Measured: 8 * testMiB, ToAllocator: 8 * testMiB})} {
			f.Trace = trace
			if j := Judge(released(), f); len(j.Causes) > 0 {
				t.Errorf("%q: %s, %+v", version, j.Causes[0].ID, j.Causes[0].Evidence)
			}
		}
	}
}
