package lab

import (
	"whyres/collector/course"
	"whyres/collector/explain"
	"whyres/collector/mem"
)

// Meter measures one run of one target from its frames.
type Meter struct {
	sums   *explain.Accumulator
	course *course.Meter
	each   func(mem.Instant, int64)

	first    mem.Instant // the first reading of RES
	last     mem.Instant
	readings bool
	burst    *mem.Instant // its end

	gc, scavenge *int64
	calls        scavengeCalls
	looked       bool // at what of the released memory is resident again
}

// NewMeter is ready for the first frame.
func NewMeter() *Meter {
	a := explain.NewAccumulator()
	m := &Meter{sums: a, course: course.NewMeter(a)}
	m.course.Each(m.read)
	return m
}

// Each has every reading of RES (bytes) handed to f, as course.Meter.Each does.
func (m *Meter) Each(f func(at mem.Instant, res int64)) { m.each = f }

func (m *Meter) read(at mem.Instant, res int64) {
	if !m.readings {
		m.first, m.readings = at, true
	}
	m.last = max(m.last, at)
	if m.each != nil {
		m.each(at, res)
	}
}

// BurstEnded tells when the last big pulse had been closed, or the load had ended.
// It may be told at any time before Fill.
func (m *Meter) BurstEnded(at mem.Instant) { m.burst = &at }

// Observe takes the next frame.
func (m *Meter) Observe(f mem.Frame) {
	m.course.Observe(f)
	switch target := m.sums.Target(); {
	case f.Sample != nil && f.Sample.PID == target:
		m.sample(f.Sample)
	case f.Event != nil && f.Event.PID == target:
		m.calls.add(f.Event)
	case f.Mark != nil && f.Mark.PID == target && f.Mark.Kind == mem.MarkExec:
		// Another program, which counts anew.
		m.gc, m.scavenge, m.calls, m.looked = nil, nil, scavengeCalls{}, false
	}
}

func (m *Meter) sample(s *mem.Sample) {
	if s.Full() {
		m.looked = s.Returned != nil
	}
	if s.MemStats == nil {
		return
	}
	// Nil where this version of Go does not tell.
	if gc, scavenge := s.MemStats.GCCPU, s.MemStats.ScavengeCPU; gc != nil || scavenge != nil {
		m.gc, m.scavenge = gc, scavenge
	}
}
