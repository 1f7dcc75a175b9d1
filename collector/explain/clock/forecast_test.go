package clock

import (
	"math"
	"strings"
	"testing"
	"time"

	"whyres/collector/mem"
)

const (
	mib  = 1 << 20
	zero = mem.Instant(1_000_000_000_000)
)

func at(seconds float64) mem.Instant { return zero.Add(time.Duration(seconds * 1e9)) }

// seed is the state of the seed's server on Go 1.26.8, 20 s after the forced GC 3
// that followed a pulse, as it was read from one (rounded): GC 3 at 0, sysmon
// asleep since, the freed memory in dense chunks.
func seed() *Facts {
	return &Facts{
		At: at(20), RES: 40 * mib, GoMinor: 26,
		Stats: &mem.MemStats{
			Source: "memory", NumGC: 3, LastGC: at(0), GCPercent: 100, MemoryLimit: 1<<63 - 1,
			HeapSys: 36 * mib, HeapInuse: 6 * mib, HeapIdle: 30 * mib, HeapReleased: 6 * mib,
			NextGC: 10 * mib, HeapMarked: 5 * mib, ScavengeGCPercentGoal: 5 * mib, ScavengeMemoryLimitGoal: noGoal,
		},
		Clock: &mem.GoClock{
			SysmonRan: at(0.02), SysmonWakes: at(60.02), SysmonSleep: int64(deepSleep),
			ScavengerRead: true, ScavengerParked: true, ScavengerAsked: true,
		},
		Pages: &mem.GoPages{
			Agrees: true, Searched: true,
			Idle:  mem.Amount{Bytes: 24 * mib, Resident: 24 * mib},
			Dense: mem.Amount{Bytes: 24 * mib, Resident: 24 * mib},
			Next:  mem.Amount{Bytes: 24 * mib, Resident: 24 * mib},
		},
	}
}

// In use are 6 MiB, 0.6 more are kept: of 30 retained MiB 23.4 go.
const seedBytes = 23.4

func TestNext(t *testing.T) {
	for _, c := range []struct {
		name     string
		change   func(*Facts)
		stage    Stage // "": nothing is expected
		bytes    float64
		from, to float64 // must lie within the window; 0, 0: no time
		width    float64 // which is no wider
		gc       uint32
		why      string
	}{
		// sysmon wakes at 60.02, again a turn later: then 120 s are over, GC 4;
		// and once more a turn later it wakes the scavenger. That worked at 60.02
		// for a moment, which shifts all by a second.
		{"dense, idle host", func(*Facts) {}, NextGC, seedBytes, 180.1, 182.5, 30, 4, "GC 4"},
		{"dense, a sleep that began later", func(f *Facts) {
			f.Clock.SysmonRan, f.Clock.SysmonWakes = at(15), at(75)
		}, NextGC, seedBytes, 195.1, 196.5, 30, 4, "GC 4"},
		{"nobody knows how long sysmon has slept", func(f *Facts) {
			f.Clock.SysmonRan, f.Clock.SysmonWakes = 0, at(80)
		}, NextGC, seedBytes, 180, 245, 150, 4, ""},
		// It fell asleep at 45, wakes at 105, and forces the GC at 165.
		{"first seen asleep at 100", func(f *Facts) {
			f.At, f.Clock.SysmonRan, f.Clock.SysmonWakes = at(100), 0, at(160)
		}, NextGC, seedBytes, 180, 241, 150, 4, ""},
		{"no clock at all", func(f *Facts) { f.Clock = nil }, NextGC, seedBytes, 121, 239, 150, 4, ""},
		{"a ticker each second, followed for long", func(f *Facts) {
			f.Clock.SysmonSleep, f.Nap = int64(time.Second), time.Second
			f.Clock.SysmonRan, f.Clock.SysmonWakes = at(19.5), at(20.5)
		}, NextGC, seedBytes, 120.1, 122, 30, 4, ""},
		{"a ticker, seen once", func(f *Facts) {
			f.Clock.SysmonSleep = int64(time.Second)
			f.Clock.SysmonRan, f.Clock.SysmonWakes = at(19.5), at(20.5)
		}, NextGC, seedBytes, 120.1, 239, 150, 4, ""},
		{"after GC 4: asked, and asleep", func(f *Facts) {
			f.Pages.Now, f.Pages.Dense = f.Pages.Next, mem.Amount{}
		}, Asked, 24, 60.02, 63, 20, 0, "waits for Go's monitor thread"},
		{"at work: its own sleep is a timer", func(f *Facts) {
			f.Pages.Now, f.Clock.ScavengerAsked, f.Clock.SysmonSleep = f.Pages.Next, false, int64(time.Second)
		}, Working, 24, 20, 24, 20, 0, "at work"},
		{"parked with work left: it waits for a GC", func(f *Facts) {
			f.Pages.Now, f.Clock.ScavengerAsked = f.Pages.Next, false
			f.At, f.Clock.SysmonRan, f.Clock.SysmonWakes = at(80), at(61), at(121)
		}, NextGC, 24, 181, 184, 30, 4, ""},
		{"a little now, most after GC 4", func(f *Facts) {
			f.Pages.Now = mem.Amount{Bytes: 2 * mib, Resident: 2 * mib}
		}, NextGC, seedBytes - 2, 180.1, 182.5, 30, 4, ""},
		{"half of it is not resident", func(f *Facts) { f.Pages.Next.Resident /= 2 }, NextGC, seedBytes / 2, 180.1, 182, 30, 4, ""},
		{"above the memory limit's goal", func(f *Facts) {
			f.Stats.MemoryLimit, f.Stats.ScavengeMemoryLimitGoal = 30*mib, 28*mib
			f.Stats.Sys, f.Stats.ScavengeGCPercentGoal = 44*mib, noGoal
			f.Pages.Now = f.Pages.Next
		}, Asked, 10, 60.02, 63, 20, 0, ""},

		{"GOGC is off", func(f *Facts) { f.Stats.GCPercent, f.Stats.ScavengeGCPercentGoal = -1, noGoal }, "", 0, 0, 0, 0, 0, ""},
		{"the goal is met", func(f *Facts) {
			f.Stats.HeapInuse, f.Stats.HeapSys, f.Stats.ScavengeGCPercentGoal = 28*mib, 36*mib, noGoal
		}, "", 0, 0, 0, 0, 0, ""},
		{"MADV_FREE", func(f *Facts) { f.Clock.Advice = "MADV_FREE" }, "", 0, 0, 0, 0, 0, ""},
		{"locked", func(f *Facts) { f.HeapLocked = mib }, "", 0, 0, 0, 0, 0, ""},
		{"not read", func(f *Facts) { f.Stats.Source = "expvar" }, "", 0, 0, 0, 0, 0, ""},
		{"torn", func(f *Facts) { f.Stats.Torn = true }, "", 0, 0, 0, 0, 0, ""},
		{"pages that do not agree", func(f *Facts) { f.Pages.Agrees = false }, "", 0, 0, 0, 0, 0, ""},
		{"an old recording, without the search", func(f *Facts) { f.Pages.Searched = false }, "", 0, 0, 0, 0, 0, ""},

		{"no GC yet", func(f *Facts) {
			f.Stats.NumGC, f.Stats.LastGC, f.Stats.ScavengeGCPercentGoal, f.HeapAlloc = 0, 0, noGoal, 12*mib
			f.Pages.Next = mem.Amount{}
		}, Garbage, 12, 0, 0, 0, 1, "no GC has run yet"},
		{"the next GC will tell", func(f *Facts) {
			f.HeapAlloc, f.Pages.Next = 17*mib, mem.Amount{}
		}, Garbage, 12, 0, 0, 0, 4, "what has died since GC 3"},
		{"busy: GCs come one after the other", func(f *Facts) {
			f.HeapAlloc, f.Pages.Next, f.At = 17*mib, mem.Amount{}, at(5)
		}, "", 0, 0, 0, 0, 0, ""},

		{"Go 1.18: no chunk is spared", func(f *Facts) {
			f.GoMinor, f.Pages.Searched = 18, false
			f.Pages.Dense, f.Pages.Next = mem.Amount{}, mem.Amount{}
		}, Asked, 24, 60.02, 63, 20, 0, ""},
		{"Go 1.14, MADV_FREE by itself", func(f *Facts) { f.GoMinor = 14 }, "", 0, 0, 0, 0, 0, ""},
		{"Go 1.14, told otherwise", func(f *Facts) {
			f.GoMinor, f.Clock.Advice = 14, "MADV_DONTNEED"
		}, Working, 24, 0, 0, 0, 0, "not known"},
		{"Go 1.12, told otherwise", func(f *Facts) {
			f.GoMinor, f.Clock.Advice, f.Stats.ScavengeGCPercentGoal = 12, "MADV_DONTNEED", 0
		}, Working, 24, 0, 0, 0, 0, "five minutes"},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := seed()
			c.change(f)
			got := Next(f)
			if c.stage == "" || got == nil {
				if (c.stage == "") != (got == nil) {
					t.Fatalf("%+v, want stage %q", got, c.stage)
				}
				return
			}
			if got.Stage != c.stage || got.AfterGC != c.gc || !strings.Contains(got.Why, c.why) {
				t.Errorf("%+v, want %s after GC %d, because %q", got, c.stage, c.gc, c.why)
			}
			if said := float64(max(got.Bytes, got.UpTo)) / mib; said < c.bytes-0.05 || said > c.bytes+0.05 {
				t.Errorf("%.2f MiB, want %.2f", said, c.bytes)
			}
			checkWindow(t, got.When, c.from, c.to, c.width)
		})
	}
}

func checkWindow(t *testing.T, w Window, from, to, width float64) {
	t.Helper()
	switch {
	case from == 0:
		if w.Known() {
			t.Errorf("%v, want no time", w)
		}
	case w.From > at(from) || w.To < at(to) || w.To.Sub(w.From).Seconds() > width:
		t.Errorf("%.2f to %.2f s, want it around %.2f to %.2f and no wider than %.0f s",
			w.From.Sub(zero).Seconds(), w.To.Sub(zero).Seconds(), from, to, width)
	}
}

// The GC itself: sysmon's wakes are told by one look, whatever the phase.
func TestForced(t *testing.T) {
	for ran := -50.0; ran <= 20; ran += 0.37 {
		f := seed()
		f.Clock.SysmonRan, f.Clock.SysmonWakes = at(ran), at(ran+60)
		wake := ran + 60
		for wake < 120 {
			wake += 60.012
		}
		if wake-120 < 0.5 || wake-120 > 59.5 {
			continue // too near to tell
		}
		gc, ok := f.forced()
		if !ok || gc.From > at(wake) || gc.To < at(wake) || gc.To.Sub(gc.From) > 10*time.Second {
			t.Errorf("asleep since %.2f: %v, want %v in it", ran, gc, at(wake))
		}
	}
	f := seed()
	f.Stats.NumGC = 0
	if gc, ok := f.forced(); ok {
		t.Errorf("%v before the first GC", gc)
	}
}

// Where it is not known how long sysmon has slept, it may wake at any time up to
// its latest: the GC comes within the sleep after it was due.
func TestForcedOfAnUnknownPhase(t *testing.T) {
	for _, c := range []struct{ now, wakes, from, to float64 }{
		{100, 160, 120, 180},
		{20, 80, 120, 180},
		{130, 150, 130, 150}, // overdue: the next wake starts it
	} {
		f := seed()
		f.At, f.Clock.SysmonRan, f.Clock.SysmonWakes = at(c.now), 0, at(c.wakes)
		gc, ok := f.forced()
		if !ok || gc.From > at(c.from) || gc.To < at(c.to) || gc.To > at(c.to+2) {
			t.Errorf("at %v, awake at %v at the latest: %v %v, want %v to %v", c.now, c.wakes, gc, ok, c.from, c.to)
		}
	}
}

// The kernel's word on when sysmon fell asleep may be too late: by what its CPU
// lost since. However late it is looked at, the window stays short.
func TestWindowsAllowForLostTime(t *testing.T) {
	for now := 1.0; now < 60; now++ {
		const lost = 0.04
		f := seed()
		f.At = at(now)
		late := lost * (now - 0.02)
		f.Clock.SysmonRan, f.Clock.SysmonWakes = at(0.02+late), at(60.02+late)
		if gc, ok := f.forced(); !ok || gc.From > at(120.03) || gc.To < at(120.03) {
			t.Errorf("looked at after %v s: %v, want 120.03 in it", now, gc)
		}
		checkWindow(t, Next(f).When, 180.1, 182.5, 30)
	}
}

// What the target's memory holds is the target's to write: it costs no time, and
// gives no time.
func TestNumbersThatNoSysmonHas(t *testing.T) {
	for name, change := range map[string]func(*Facts){
		"a last GC in 292 years":      func(f *Facts) { f.Stats.LastGC = math.MaxInt64 - 1 },
		"a last GC in 280 years":      func(f *Facts) { f.Stats.LastGC = math.MaxInt64 - 1e18 },
		"a last GC after the sample":  func(f *Facts) { f.Stats.LastGC = f.At + 1 },
		"a last GC before the boot":   func(f *Facts) { f.Stats.LastGC = math.MinInt64 },
		"that, and a wake before too": func(f *Facts) { f.Stats.LastGC, f.Clock.SysmonWakes = math.MaxInt64, math.MinInt64 },
	} {
		f := seed()
		change(f)
		if gc, ok := f.forced(); ok {
			t.Errorf("%s: %v, want none", name, gc)
		}
	}
	for name, change := range map[string]func(c *mem.GoClock){
		"wakes in 292 years": func(c *mem.GoClock) { c.SysmonWakes = math.MaxInt64 },
		"wakes in two hours": func(c *mem.GoClock) { c.SysmonWakes = at(7200) },
		"woke at the boot":   func(c *mem.GoClock) { c.SysmonWakes = 1 },
		"woke before it":     func(c *mem.GoClock) { c.SysmonWakes = math.MinInt64 },
		"sleeps for years":   func(c *mem.GoClock) { c.SysmonSleep = math.MaxInt64 },
		"sleeps backwards":   func(c *mem.GoClock) { c.SysmonSleep = -int64(time.Minute) },
		"ran in a year":      func(c *mem.GoClock) { c.SysmonRan = math.MaxInt64 },
		"ran before boot":    func(c *mem.GoClock) { c.SysmonRan = math.MinInt64 },
	} {
		f := seed()
		change(f.Clock)
		gc, ok := f.forced()
		if f.exact() || !ok || gc.From < at(120) || gc.From > at(121) || gc.To < at(180) || gc.To > at(183) {
			t.Errorf("%s: %v, exact %v, want what is known without it", name, gc, f.exact())
		}
	}
}
