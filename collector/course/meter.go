package course

import (
	"whyres/collector/explain"
	"whyres/collector/mem"
)

// Meter takes frames in. It hands them on to an accumulator, whose sums it divides
// by phases: so that phases sum to the verdict.
type Meter struct {
	sums  *explain.Accumulator
	line  line
	calls calls
	// count and moved are of the target's calls so far: their number, and what
	// they did to RES.
	count uint64
	moved int64

	fromStart bool        // so that all of the mark is of the trace
	mark      int64       // VmHWM when last seen
	born      mem.Instant // since when the trace sees the address space

	each func(at mem.Instant, res int64)
}

// NewMeter is ready for the first frame; the accumulator must get its frames from
// the Meter alone.
func NewMeter(a *explain.Accumulator) *Meter { return &Meter{sums: a} }

// Each has every reading of RES (bytes) handed to f as it is taken, in order of
// time: what the peak, the area and the times are made of. A peak that shows only
// later comes when it shows.
func (m *Meter) Each(f func(at mem.Instant, res int64)) { m.each = f }

// Observe takes the next frame, and keeps what the accumulator keeps.
func (m *Meter) Observe(f mem.Frame) {
	switch {
	case f.Header != nil:
		m.sums.Observe(f)
		m.fromStart, m.born = f.Header.FromStart, f.Header.Mono
	case f.Event != nil && m.mine(f.Event.PID):
		m.event(f)
	case f.Sample != nil && m.mine(f.Sample.PID):
		m.sums.Observe(f)
		m.sample(f.Sample)
	case f.Mark != nil && m.mine(f.Mark.PID):
		m.sums.Observe(f)
		m.marked(f.Mark)
	default:
		m.sums.Observe(f)
	}
}

// mine is as the accumulator takes it: the first process that shows is the target
// where no header told.
func (m *Meter) mine(pid int) bool {
	target := m.sums.Target()
	return target == 0 || target == pid
}

// event reads RES before the call, counts the call, and reads it after.
func (m *Meter) event(f mem.Frame) {
	e := f.Event
	exact := !e.Noted(mem.NoteRSSUnknown)
	if exact && !e.Noted(mem.NoteNoEntry) {
		m.before(e.At, e.Before.Total())
	}
	m.sums.Observe(f)
	m.count++
	m.moved += e.Attributed
	m.calls.add(e)
	if exact {
		m.read(e.End(), e.After.Total())
	}
}

// before takes RES at the entry of a call. Calls come in order of their ends: what
// was read while this one ran is newer, and stays. Of what is old only a peak
// tells something new.
func (m *Meter) before(at mem.Instant, res int64) {
	last := m.line.last
	if m.line.readings == 0 || at >= last.at {
		m.read(at, res)
		return
	}
	if res > m.line.peak.res {
		m.late(at, last.at, res)
		m.read(last.at, last.res)
	}
}

// sample also takes in the kernel's own peak, as explain does.
func (m *Meter) sample(s *mem.Sample) {
	high := int64(min(s.VMHWM, 1<<62))
	if m.mark == 0 && !m.fromStart {
		m.mark = high
	}
	if high > m.mark {
		m.mark = high
		if high > max(m.line.peak.res, s.RSS.Total()) {
			since := max(m.born, m.line.last.at)
			if m.line.readings == 0 {
				m.read(s.At, s.RSS.Total()) // the trace starts at what was read
			}
			m.late(since, s.At, high)
		}
	}
	m.read(s.At, s.RSS.Total())
}

func (m *Meter) marked(k *mem.Mark) {
	switch k.Kind {
	case mem.MarkExec:
		m.born = k.At
		m.mark, m.fromStart = 0, true // a new address space, whose mark begins anew
	case mem.MarkCollapse:
		m.read(k.At, k.RSS.Total())
	case mem.MarkGC, mem.MarkFork, mem.MarkExit, mem.MarkEnd:
	}
}

// read takes a reading; no RES is no reading: a process that has ended has none.
func (m *Meter) read(at mem.Instant, res int64) {
	m.late(at, at, res)
}

// late takes a reading of some instant from since on, that shows only now.
func (m *Meter) late(since, at mem.Instant, res int64) {
	if res <= 0 {
		return
	}
	m.line.read(point{at: max(at, 0), since: max(since, 0), res: res, sums: m.now()})
	if m.each != nil {
		m.each(max(at, 0), res)
	}
}

// Falls are the readings of RES that no later one has reached, in the order of
// time, each lower than the one before by least bytes or more: when RES was for
// good below a level is told by the last of them above it, to within least.
func (m *Meter) Falls(least int64) []Fall { return m.line.fall.falls(least) }

// Verdict is the accumulator's.
func (m *Meter) Verdict() explain.Verdict { return m.sums.Verdict() }

// sums are what had been counted at an instant.
type sums struct {
	explain.Totals
	calls uint64
	moved int64
}

func (m *Meter) now() sums { return sums{m.sums.Totals(), m.count, m.moved} }

// Course is how RES went so far; more frames may follow.
func (m *Meter) Course() Course {
	l := &m.line
	c := Course{Readings: l.readings, Calls: m.calls.table(), Phases: []Phase{}}
	if l.readings == 0 {
		return c
	}
	c.Duration, c.LongestGap = int64(l.last.at-l.first.at), l.gap
	c.Start, c.Peak, c.Low, c.Rest = l.first.res, l.peak.res, l.low, l.last.res
	from := l.top.reached(l.peak.res)
	c.PeakAfter, c.Still = int64(from.at-l.first.at), int64(l.last.at-l.still.at)
	c.GivenBack = c.Peak - c.Rest
	c.Area, c.Mean = l.area, c.Rest
	if c.Duration > 0 {
		c.Mean = int64(l.area / (float64(c.Duration) / 1e9))
	}
	end := l.last
	end.sums = m.now() // what came after the last reading is of the rest
	c.Phases = append(c.Phases, phase(Growth, point{at: l.first.at, res: l.first.res}, from))
	if c.GivenBack > Jitter(c.Peak) {
		c.Half, _ = l.gone(c.GivenBack/2, from)
		nine, at := l.gone(c.GivenBack-c.GivenBack/10, from)
		c.NineTenths = nine
		c.Phases = append(c.Phases, phase(GivingBack, from, at))
		from = at
	}
	c.Phases = append(c.Phases, phase(AtRest, from, end))
	return c
}

// phase is what happened between two readings.
func phase(name string, from, to point) Phase {
	p := Phase{
		Name: name, Duration: int64(to.at - from.at), RESStart: from.res, RESEnd: to.res,
		GCs:   to.sums.GCs - min(from.sums.GCs, to.sums.GCs), // an exec counts anew
		Calls: to.sums.calls - from.sums.calls, Asked: to.sums.Asked - from.sums.Asked,
		LeftRES: to.sums.LeftRES - from.sums.LeftRES, Attributed: to.sums.Attributed - from.sums.Attributed,
		Moved: to.sums.moved - from.sums.moved, Collapsed: to.sums.Collapsed - from.sums.Collapsed,
	}
	p.Faulted = p.RESEnd - p.RESStart - p.Moved - int64(min(p.Collapsed, 1<<62))
	return p
}
