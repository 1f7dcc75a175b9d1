package report

import (
	"whyres/collector/course"
	"whyres/collector/explain"
	"whyres/collector/explain/clock"
	"whyres/collector/mem"
)

// Gatherer takes the frames of one recording in and keeps what a page shows of it:
// its size does not grow with the length of the recording.
type Gatherer struct {
	sums  *explain.Accumulator
	meter *course.Meter
	watch clock.Watch

	header  *mem.Header
	process mem.Process
	zero    mem.Instant
	last    mem.Instant
	began   bool

	res      series
	stats    statLines
	groups   groups
	looks    looks
	foretold []Foretold
	others   uint64
}

// NewGatherer is ready for the first frame of a recording that shares its page with
// others: among so many in all, so that the page stays small.
func NewGatherer(among int) *Gatherer {
	room := func(all, least int) int { return max(all/max(among, 1), least) }
	g := &Gatherer{sums: explain.NewAccumulator()}
	g.res.limit, g.groups.limit = room(maxReadings, 2000), room(maxGroups, 1000)
	g.stats.lines = newStatLines(room(maxStats, 500))
	g.looks.limit = room(maxLooks, 60)
	g.meter = course.NewMeter(g.sums)
	g.meter.Each(func(at mem.Instant, res int64) { g.res.add(g.since(at), res) })
	return g
}

// since is an instant in ns since the trace began.
func (g *Gatherer) since(at mem.Instant) int64 { return int64(at - g.zero) }

// Frame takes the next frame. It keeps what a frame of a sample points to.
func (g *Gatherer) Frame(f mem.Frame) error {
	if !g.began {
		g.began, g.zero = true, f.At
	}
	if f.Header != nil {
		g.header, g.process, g.zero = f.Header, f.Header.Process, f.Header.Mono
	}
	g.last = max(g.last, f.At)
	g.meter.Observe(f)
	for _, said := range g.watch.Frame(f) {
		g.foretell(said)
	}
	switch {
	case f.Event != nil:
		g.event(f.Event)
	case f.Sample != nil && g.mine(f.Sample.PID):
		g.sample(f.Sample)
	case f.Mark != nil:
		g.mark(f.Mark)
	case f.Lost != nil && f.Lost.New > 0:
		at := g.since(f.Lost.At)
		g.groups.add(Kind{Lane: LaneLost, Note: lostWhy(f.Lost)}, Group{From: at, To: at, Calls: f.Lost.New})
	}
	return nil
}

// Flush is here for the collector's sinks.
func (*Gatherer) Flush() error { return nil }

func (g *Gatherer) mine(pid int) bool { return g.sums.Target() == pid }

func (g *Gatherer) event(e *mem.Event) {
	if !g.mine(e.PID) {
		g.others++
		return
	}
	g.groups.add(kindOf(e), Group{
		From: g.since(e.At), To: g.since(e.End()), Calls: 1, Asked: e.Len, Left: -e.Attributed,
	})
}

func (g *Gatherer) sample(s *mem.Sample) {
	at := g.since(s.At)
	g.stats.add(at, s.MemStats)
	if s.Full() {
		g.looks.add(lookAt(s, g.process, at))
	}
}

func (g *Gatherer) mark(m *mem.Mark) {
	if !g.mine(m.PID) {
		return
	}
	at := g.since(m.At)
	switch m.Kind {
	case mem.MarkGC:
		first := m.NumGC
		if m.First != 0 && m.First < m.NumGC {
			first = m.First
		}
		g.groups.add(Kind{Lane: LaneGC, Note: m.Why}, Group{From: at, To: at, Calls: uint64(m.NumGC-first) + 1, First: first, Last: m.NumGC})
	case mem.MarkCollapse:
		one := Group{From: at, To: at, Calls: 1}
		if m.Grew != nil {
			one.Left = -*m.Grew
		}
		g.groups.add(Kind{Lane: LaneHuge, Note: collapseNote(m)}, one)
	case mem.MarkExec:
		g.process = mem.Process{PID: m.PID, Comm: m.Comm}
		if m.Process != nil {
			g.process = *m.Process
		}
		g.groups.add(processKind(m), Group{From: at, To: at, Calls: 1})
	case mem.MarkFork, mem.MarkExit, mem.MarkEnd:
		g.groups.add(processKind(m), Group{From: at, To: at, Calls: 1})
	}
}

func collapseNote(m *mem.Mark) string {
	switch {
	case m.Asked:
		return "asked for (MADV_COLLAPSE)"
	case m.Grew == nil:
		return "by how much RES grew is not known"
	}
	return ""
}

// lostWhy is the reason that lost most.
func lostWhy(l *mem.Lost) (why string) {
	var most uint64
	for reason, n := range l.Reasons {
		if n > most || n == most && reason < why {
			why, most = reason, n
		}
	}
	return why
}
