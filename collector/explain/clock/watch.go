package clock

import (
	"time"

	"whyres/collector/mem"
)

// Watch follows a trace: it makes forecasts as the facts come in, and judges them
// by the releases that are seen. The same frames give the same forecasts.
type Watch struct {
	process mem.Process
	begun   mem.Instant // when the program began, 0 where unknown
	sees    bool        // calls are traced
	facts   *Facts
	looked  uint64 // HeapIdle - HeapReleased at the full look,
	cycle   uint32 // and its NumGC
	naps    naps

	open *Made
	// trying: tried differs from open, since then.
	trying bool
	tried  *Forecast
	since  mem.Instant

	said  []Saying
	tally Tally
}

// Made is a forecast and when it was made.
type Made struct {
	Forecast
	At mem.Instant
	// outside and within are the bytes that left RES before its time, and in it;
	// first and last when the latter did.
	outside, within int64
	first, last     mem.Instant
}

// Outcome is what became of a forecast.
type Outcome struct {
	Made
	// Judged is when that was known.
	Judged mem.Instant
	// Held: in its time left RES what it said, within a tenth or half a MiB.
	Held bool
	// Released is what left RES in its time, between First and Last; where it
	// came too early, what did by then.
	Released    int64
	First, Last mem.Instant
	Early       bool
}

// Tally counts forecasts of bytes with a time. Those that were replaced before
// their time, as the program did something else, are Revised.
type Tally struct {
	Made, Held, Missed, Revised int
	// Open is the one that was made last and is not judged; Last the one that
	// was judged last.
	Open *Made
	Last *Outcome
}

// Saying is something to tell: a forecast that was made, or its outcome.
type Saying struct {
	At      mem.Instant
	Made    *Made
	Outcome *Outcome
}

// Frame takes the next frame, and returns what is to be told then.
func (w *Watch) Frame(f mem.Frame) []Saying {
	w.said = nil
	switch {
	case f.Header != nil:
		*w = Watch{process: f.Header.Process, begun: begun(f.Header), sees: f.Header.Attach != ""}
	case f.Event != nil && w.mine(f.Event.PID):
		w.event(f.Event)
	case f.Sample != nil && w.mine(f.Sample.PID):
		w.sample(f.Sample)
	case f.Mark != nil && f.Mark.Kind == mem.MarkExec && w.mine(f.Mark.PID):
		w.replaced(f.Mark)
	case f.Mark != nil && f.Mark.Kind == mem.MarkExit && w.mine(f.Mark.PID):
		w.drop() // nothing is to come of a process that has ended
		w.facts = nil
	}
	return w.said
}

// Tally is how the forecasts have held so far.
func (w *Watch) Tally() Tally {
	t := w.tally
	if w.open != nil && w.open.counts() {
		open := *w.open
		t.Open = &open
	}
	return t
}

// Open is the forecast that was made last, whether of bytes or of the GC that tells
// them, as long as it is not judged; nil where there is none.
func (w *Watch) Open() *Made { return w.open }

// Now is what is expected next, as of the last sample; nil where nothing is.
func (w *Watch) Now() *Forecast {
	if w.facts == nil {
		return nil
	}
	return Next(w.facts)
}

// begun is when the process began, by what its header says.
func begun(h *mem.Header) mem.Instant {
	if h.Process.Up == 0 {
		return 0
	}
	return h.Mono.Add(-time.Duration(h.Process.Up))
}

func (w *Watch) mine(pid int) bool { return w.process.PID == 0 || pid == w.process.PID }

// replaced: another program runs, of which nothing is known yet.
func (w *Watch) replaced(m *mem.Mark) {
	w.drop()
	w.facts, w.naps, w.begun = nil, naps{}, m.At
	pid := w.process.PID
	w.process = mem.Process{PID: pid, Comm: m.Comm}
	if m.Process != nil {
		w.process = *m.Process
		w.process.PID = pid
	}
}

// counts: it says how many bytes, and until when.
func (m *Made) counts() bool { return m.Bytes > 0 && m.When.To != 0 }

// sample judges, then looks ahead.
func (w *Watch) sample(s *mem.Sample) {
	w.judge(s.At)
	w.naps.see(s)
	if !w.learn(s) {
		return
	}
	w.consider(Next(w.facts), s.At)
}

// learn brings the facts up to the sample. Light samples have no pages: those of
// the full look before them hold until a GC, or until other memory is in use.
func (w *Watch) learn(s *mem.Sample) bool {
	m := s.MemStats
	switch {
	case m == nil:
		return false
	case s.Pages != nil && s.Pages.Agrees:
		w.facts = kept(FactsOf(s, w.process))
		w.looked, w.cycle = m.HeapIdle-min(m.HeapReleased, m.HeapIdle), m.NumGC
	case w.facts == nil || m.NumGC != w.cycle:
		return false
	default:
		idle := m.HeapIdle - min(m.HeapReleased, m.HeapIdle)
		if moved := max(idle, w.looked) - min(idle, w.looked); moved > max(1<<20, w.looked/10) {
			return false
		}
		facts := *w.facts
		facts.At, facts.Stats, facts.Clock, facts.RES = s.At, m, s.Clock, s.RSS.Total()
		w.facts = kept(&facts)
	}
	w.facts.Nap = w.naps.longest(s.At)
	if w.begun != 0 {
		w.facts.Up = s.At.Sub(w.begun)
	}
	return true
}

// kept is a copy that shares nothing with the frame that it came from.
func kept(f *Facts) *Facts {
	out := *f
	stats, pages := *f.Stats, *f.Pages
	pages.Arenas, pages.Sizes = nil, nil // not looked at any more
	if g := pages.Goroutines; g != nil {
		goroutines := *g
		pages.Goroutines = &goroutines
	}
	out.Stats, out.Pages = &stats, &pages
	if f.Clock != nil {
		clock := *f.Clock
		out.Clock = &clock
	}
	return &out
}

// settled is how long another forecast must stay before it replaces one: while
// the program works nothing stays the same.
const settled = 3 * time.Second

// consider replaces the open forecast by another. One whose time has come stays,
// to be judged.
func (w *Watch) consider(next *Forecast, at mem.Instant) {
	if w.open != nil && w.open.counts() && (at >= w.open.When.From.Add(-slack) || w.open.within > w.open.Bytes/4) {
		return
	}
	if alike(w.forecast(), next) {
		w.trying = false
		return
	}
	if !w.trying || !alike(w.tried, next) {
		w.trying, w.tried, w.since = true, next, at
	}
	if at.Sub(w.since) >= settled {
		w.make(next, at)
	}
}

// forecast is the open one, nil if there is none.
func (w *Watch) forecast() *Forecast {
	if w.open == nil {
		return nil
	}
	return &w.open.Forecast
}

// make opens a forecast in place of the one before; nil: there is none now.
func (w *Watch) make(next *Forecast, at mem.Instant) {
	w.drop()
	if next == nil {
		return
	}
	w.open = &Made{Forecast: *next, At: at}
	if w.open.counts() {
		w.tally.Made++
	}
	made := *w.open
	w.said = append(w.said, Saying{At: at, Made: &made})
}

// drop gives the open forecast up: the program did something else.
func (w *Watch) drop() {
	if w.open != nil && w.open.counts() {
		w.tally.Revised++
	}
	w.open, w.trying = nil, false
}

// alike reports whether b says nothing that a has not said: as many bytes, in the
// time that a names.
func alike(a, b *Forecast) bool {
	if a == nil || b == nil {
		return a == b
	}
	if (a.Stage == Garbage) != (b.Stage == Garbage) || a.ByGrowth != b.ByGrowth || b.AfterGC != 0 && a.AfterGC != b.AfterGC {
		return false
	}
	if a.Stage == Garbage {
		return a.GC.Known() == b.GC.Known()
	}
	if a.Sooner.Known() && !b.Sooner.Known() {
		return false // it is known now which of the two it is
	}
	const close = 2 * time.Second
	moved := max(a.Bytes, b.Bytes) - min(a.Bytes, b.Bytes)
	return moved <= max(1<<20, a.Bytes/10) && a.When.Known() == b.When.Known() &&
		b.When.From >= a.When.From.Add(-close) && b.When.To <= a.When.To.Add(close)
}
