package clock

import (
	"math"
	"testing"
	"time"

	"whyres/collector/mem"
)

// teller makes the frames of a trace of the seed's server.
type teller struct {
	watch Watch
	said  []Saying
}

func newTeller() *teller {
	t := &teller{}
	t.frame(mem.Frame{At: at(0), Header: &mem.Header{
		Attach: "fentry", Mono: at(0), Process: mem.Process{PID: 7, GoVersion: "go1.26.8"},
	}})
	return t
}

func (t *teller) frame(f mem.Frame) { t.said = append(t.said, t.watch.Frame(f)...) }

// look is a full sample of the facts; light leaves the pages out. The frame is
// overwritten when it was taken: nothing of it may be kept.
func (t *teller) look(f *Facts, light bool) {
	stats, clock, pages := *f.Stats, *f.Clock, *f.Pages
	s := &mem.Sample{At: f.At, PID: 7, RSS: mem.RSS{Anon: f.RES}, MemStats: &stats, Clock: &clock}
	if !light {
		s.Pages = &pages
	}
	t.frame(mem.Frame{At: f.At, Sample: s})
	stats, clock, pages = mem.MemStats{}, mem.GoClock{}, mem.GoPages{}
	*s = mem.Sample{}
}

// looks shows the same facts each half second, one look in four a full one.
func (t *teller) looks(f *Facts, from, to float64) {
	for i := 0; from+float64(i)/2 < to; i++ {
		g := *f
		g.At = at(from + float64(i)/2)
		t.look(&g, i%4 != 0)
	}
}

func (t *teller) release(seconds, mibs float64, who mem.Who) {
	e := &mem.Event{
		At: at(seconds), Dur: 1000, PID: 7, Call: mem.Madvise, Advice: "MADV_DONTNEED",
		Len: uint64(mibs * mib), Attributed: -int64(mibs * mib), Who: who,
	}
	t.frame(mem.Frame{At: e.End(), Event: e})
}

func TestWatch(t *testing.T) {
	for _, c := range []struct {
		name string
		tell func(*teller)
		want Tally
		said int
		left float64 // MiB of the outcome
	}{
		{"it holds", func(s *teller) {
			s.looks(seed(), 20, 60)
			s.release(61, 1.5, mem.WhoBackground) // what is not dense
			s.release(181, 20, mem.WhoBackground)
			s.release(182.5, 2.8, mem.WhoBackground)
			s.looks(after(seed()), 183, 190)
		}, Tally{Made: 1, Held: 1}, 2, 22.8},
		{"too little comes", func(s *teller) {
			s.looks(seed(), 20, 60)
			s.release(181, 15, mem.WhoBackground)
			s.looks(after(seed()), 182, 230)
		}, Tally{Made: 1, Missed: 1}, 2, 15},
		{"nothing comes", func(s *teller) {
			s.looks(seed(), 20, 60)
			s.looks(after(seed()), 179, 230)
		}, Tally{Made: 1, Missed: 1}, 2, 0},
		{"it comes with the GC itself", func(s *teller) {
			s.looks(seed(), 20, 60)
			s.release(120.5, 23, mem.WhoBackground)
			s.looks(after(seed()), 121, 130)
		}, Tally{Made: 1, Held: 1}, 2, 23},
		{"it comes when nobody said so", func(s *teller) {
			s.looks(seed(), 20, 60)
			s.release(100, 23, mem.WhoBackground)
			s.looks(after(seed()), 101, 110)
		}, Tally{Made: 1, Missed: 1}, 2, 23},
		{"the program asks for it itself", func(s *teller) {
			s.looks(seed(), 20, 60)
			s.release(90, 23, mem.WhoForced)
			s.looks(after(seed()), 91, 100)
		}, Tally{Made: 1, Revised: 1}, 1, 0},
		{"load comes back", func(s *teller) {
			s.looks(seed(), 20, 60)
			s.looks(after(seed()), 60, 70)
		}, Tally{Made: 1, Revised: 1}, 1, 0},
		{"a moment's other state changes nothing", func(s *teller) {
			s.looks(seed(), 20, 60)
			s.looks(after(seed()), 60, 62)
			s.looks(seed(), 62, 70)
		}, Tally{Made: 1}, 1, 0},
		{"GC 4 has come, and the scavenger waits: one time is left", func(s *teller) {
			s.looks(seed(), 20, 60)
			f := seed()
			f.Stats.NumGC, f.Stats.LastGC, f.Stats.ScavengeGCPercentGoal = 4, at(120.5), 7*mib
			f.Pages.Now, f.Pages.Dense = f.Pages.Next, mem.Amount{}
			f.Clock.SysmonRan, f.Clock.SysmonWakes = at(120.52), at(180.52)
			s.looks(f, 121, 170)
			s.release(181, 23, mem.WhoBackground)
			s.looks(after(seed()), 182, 190)
		}, Tally{Made: 2, Revised: 1, Held: 1}, 3, 23},
		{"the end of the process", func(s *teller) {
			s.looks(seed(), 20, 60)
			s.frame(mem.Frame{At: at(61), Mark: &mem.Mark{At: at(61), Kind: mem.MarkExit, PID: 7}})
		}, Tally{Made: 1, Revised: 1}, 1, 0},
		{"an exec", func(s *teller) {
			s.looks(seed(), 20, 60)
			s.frame(mem.Frame{At: at(61), Mark: &mem.Mark{At: at(61), Kind: mem.MarkExec, PID: 7, Comm: "sh"}})
			s.looks(seed(), 62, 70) // not known to be Go
		}, Tally{Made: 1, Revised: 1}, 1, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := newTeller()
			c.tell(s)
			got := s.watch.Tally()
			if got.Made != c.want.Made || got.Held != c.want.Held || got.Missed != c.want.Missed || got.Revised != c.want.Revised {
				t.Errorf("%+v, want %+v", got, c.want)
			}
			if open := c.want.Made - c.want.Held - c.want.Missed - c.want.Revised; (got.Open != nil) != (open == 1) {
				t.Errorf("open: %v, want %d", got.Open, open)
			}
			if len(s.said) != c.said {
				t.Errorf("%d things said, want %d: %+v", len(s.said), c.said, s.said)
			}
			if o := got.Last; o != nil && math.Abs(float64(o.Released)/mib-c.left) > 0.01 {
				t.Errorf("released %.1f MiB, want %.1f", float64(o.Released)/mib, c.left)
			}
		})
	}
}

// after is the state once the memory has gone.
func after(f *Facts) *Facts {
	f.Stats.HeapReleased = 29 * mib
	f.Stats.HeapSys = 36 * mib
	f.Pages.Idle, f.Pages.Dense = mem.Amount{Bytes: mib / 2, Resident: mib / 2}, mem.Amount{}
	f.Pages.Next, f.Pages.Now = f.Pages.Idle, f.Pages.Idle
	return f
}

// Without a trace of calls nothing can be judged, and a process that is not the
// target is none of it.
func TestWatchWithoutCalls(t *testing.T) {
	s := &teller{}
	s.frame(mem.Frame{At: at(0), Header: &mem.Header{Mono: at(0), Process: mem.Process{PID: 7, GoVersion: "go1.26.8"}}})
	s.looks(seed(), 20, 30)
	s.looks(after(seed()), 160, 260)
	if got := s.watch.Tally(); got.Held+got.Missed != 0 {
		t.Errorf("%+v, want nothing judged", got)
	}
}

// How old the process is, is told by its header, and counts on: with GCs each 15 s
// in its life a look between two of them gives no window, an exec makes it young.
func TestWatchKnowsTheAge(t *testing.T) {
	s := &teller{}
	s.frame(mem.Frame{At: at(0), Header: &mem.Header{
		Mono: at(0), Process: mem.Process{PID: 7, GoVersion: "go1.26.8", Up: int64(40 * time.Second)},
	}})
	f := seed()
	f.HeapAlloc, f.Stats.HeapAlloc, f.Stats.HeapWalked = 8*mib, 8*mib, true
	f.Stats.NumGC = 4
	s.look(f, false)
	if got := s.watch.Now(); got == nil || !got.ByGrowth {
		t.Errorf("%+v of a process with GCs each 15 s", got)
	}
	s.frame(mem.Frame{At: at(21), Mark: &mem.Mark{At: at(21), Kind: mem.MarkExec, PID: 7, Process: &mem.Process{PID: 7, GoVersion: "go1.26.8"}}})
	f.At, f.Stats.LastGC = at(520), at(500)
	f.Clock.SysmonRan, f.Clock.SysmonWakes = at(500), at(560)
	s.look(f, false)
	if got := s.watch.Now(); got == nil || got.ByGrowth {
		t.Errorf("%+v of a program that began 500 s ago, with GCs each two minutes", got)
	}
}
