package clock

import (
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"whyres/collector/mem"
)

// FuzzNext: what forecasts are made of is the target's to write, or that of who made
// a recording. Whatever it is, a forecast takes no time to make, and its windows
// begin before they end.
func FuzzNext(f *testing.F) {
	for seed := range uint64(8) {
		f.Add(seed, seed+1)
	}
	f.Fuzz(func(t *testing.T, a, b uint64) {
		r := anything{rand.New(rand.NewPCG(a, b))}
		facts := r.facts()
		checkForecast(t, facts, facts.At)
	})
}

func TestNextOfAnyFacts(t *testing.T) {
	r := anything{rand.New(rand.NewPCG(1, 2))}
	begun, told := time.Now(), 0
	const n = 20000
	for range n {
		f := r.facts()
		if Next(f) != nil {
			told++
		}
		if checkForecast(t, f, f.At); t.Failed() {
			t.Fatalf("of %+v, %+v, %+v", f, f.Stats, f.Clock)
		}
	}
	if took := time.Since(begun); took > 10*time.Second || told < n/100 {
		t.Errorf("%d forecasts of %d in %v", told, n, took)
	}
}

func checkForecast(t *testing.T, f *Facts, now mem.Instant) {
	t.Helper()
	got := Next(f)
	if got == nil {
		return
	}
	if got.Bytes < 0 || got.UpTo < 0 || got.Why == "" {
		t.Errorf("%+v", got)
	}
	for name, w := range map[string]Window{"when": got.When, "sooner": got.Sooner, "GC": got.GC} {
		if w.Known() && (w.To < w.From || w.From < now) {
			t.Errorf("%s: from %v to %v, now %v", name, w.From, w.To, now)
		}
	}
	// Nothing that a GC decides is further away than the longest wait for it.
	if w := got.GC; w.Known() && w.To > now.Add(forcePeriod+turn+longest+4*detour) {
		t.Errorf("the GC may come %v from now", w.To.Sub(now))
	}
}

// FuzzWatch: frames in any order and of any numbers.
func FuzzWatch(f *testing.F) {
	f.Add(uint64(1), uint64(2))
	f.Add(uint64(3), uint64(4))
	f.Fuzz(func(t *testing.T, a, b uint64) {
		watchAnything(t, anything{rand.New(rand.NewPCG(a, b))})
	})
}

func TestWatchOfAnyFrames(t *testing.T) {
	r := anything{rand.New(rand.NewPCG(5, 6))}
	for range 300 {
		watchAnything(t, r)
	}
}

func watchAnything(t *testing.T, r anything) {
	t.Helper()
	var w Watch
	w.Frame(mem.Frame{Header: &mem.Header{Attach: "fentry", Process: mem.Process{PID: 7, GoVersion: "go1.26.8"}}})
	facts := r.facts()
	at := facts.At
	for range 200 {
		at = at.Add(time.Duration(r.IntN(4e9)) - 1e8)
		if r.IntN(20) == 0 {
			facts = r.facts()
		}
		for _, said := range w.Frame(r.frame(facts, at)) {
			if m := said.Made; m != nil && m.When.Known() && m.When.To < m.When.From {
				t.Fatalf("said: %+v", m)
			}
		}
	}
	tally := w.Tally()
	open := 0
	if tally.Open != nil {
		open = 1
	}
	if tally.Made != tally.Held+tally.Missed+tally.Revised+open {
		t.Errorf("%+v, open %d", tally, open)
	}
}

// anything makes values: of a program at rest, and beyond all reason.
type anything struct{ *rand.Rand }

func (r anything) rarely() bool { return r.IntN(8) == 0 }

func (r anything) instant(ordinary mem.Instant) mem.Instant {
	if !r.rarely() {
		return ordinary.Add(time.Duration(r.IntN(240e9)) - 120e9)
	}
	return [...]mem.Instant{0, 1, -1, math.MaxInt64, math.MaxInt64 - 1e9, math.MinInt64, 1 << 61, mem.Instant(r.Uint64())}[r.IntN(8)]
}

func (r anything) size(ordinary uint64) uint64 {
	if !r.rarely() {
		return ordinary
	}
	return [...]uint64{0, 1, 4096, 1 << 20, 1 << 57, math.MaxInt64, math.MaxUint64, r.Uint64()}[r.IntN(8)]
}

func (r anything) facts() *Facts {
	f := seed()
	if r.rarely() {
		f.At = mem.Instant(r.Uint64N(1 << 61))
	}
	m, c, p := f.Stats, f.Clock, f.Pages
	m.LastGC, m.NumGC = r.instant(m.LastGC), uint32(r.IntN(4))
	for _, n := range []*uint64{
		&m.HeapSys, &m.HeapInuse, &m.HeapIdle, &m.HeapReleased, &m.NextGC, &m.HeapMarked, &m.ScavengeGCPercentGoal,
		&m.ScavengeMemoryLimitGoal, &m.Sys, &p.Next.Bytes, &p.Next.Resident, &p.Now.Bytes, &p.Now.Resident, &p.Idle.Bytes,
		&p.Idle.Resident, &f.HeapAlloc,
	} {
		*n = r.size(*n)
	}
	if r.IntN(2) == 0 {
		p.Now = p.Next
	}
	m.MemoryLimit = int64(r.size(uint64(m.MemoryLimit)))
	c.SysmonRan, c.SysmonWakes = r.instant(c.SysmonRan), r.instant(c.SysmonWakes)
	c.SysmonSleep = int64(r.size(uint64(c.SysmonSleep)))
	c.ScavengerParked, c.ScavengerAsked, c.ScavengerRead = r.rarely(), r.rarely(), !r.rarely()
	f.Nap = time.Duration(r.size(0))
	f.GoMinor = []int{26, 26, 26, 21, 18, 14, 12, 0}[r.IntN(8)]
	if r.rarely() {
		f.Clock = nil
	}
	return f
}

func (r anything) frame(f *Facts, at mem.Instant) mem.Frame {
	switch r.IntN(12) {
	case 0:
		return mem.Frame{At: at, Event: &mem.Event{
			At: at, Dur: int64(r.size(1000) >> 3), PID: 7, Call: mem.Madvise, Advice: "MADV_DONTNEED",
			Attributed: -int64(r.size(4<<20) >> 7), Who: mem.WhoBackground,
		}}
	case 1:
		if r.rarely() {
			return mem.Frame{At: at, Mark: &mem.Mark{At: at, Kind: mem.MarkExec, PID: 7}}
		}
	}
	stats, pages := *f.Stats, *f.Pages
	s := &mem.Sample{At: at, PID: 7, RSS: mem.RSS{Anon: f.RES}, MemStats: &stats, Clock: f.Clock}
	if r.IntN(3) > 0 {
		s.Pages = &pages
	}
	return mem.Frame{At: at, Sample: s}
}
