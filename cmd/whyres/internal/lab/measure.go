package lab

import (
	"fmt"
	"maps"
	"slices"

	"whyres/collector/course"
	"whyres/collector/explain"
)

// Outside is what the frames of a run do not tell. Nil is unknown; Unknown says why,
// by the field's ID.
type Outside struct {
	LatencyP50, LatencyP99 *float64 // ns
	ProcessCPU             *float64 // ns
	Faults                 *float64
	Unknown                map[string]string
}

// Fill puts into the run what was measured, and what is not known and why.
func (m *Meter) Fill(run *Run, o Outside) {
	w := &writer{unknown: maps.Clone(o.Unknown)}
	c, v := m.course.Course(), m.sums.Verdict()
	m.sizes(w, &c)
	m.times(w, &c)
	m.cpu(w, &v)
	m.releases(w, &v)
	w.outside(LatencyP50, o.LatencyP50)
	w.outside(LatencyP99, o.LatencyP99)
	w.outside(ProcessCPU, o.ProcessCPU)
	w.outside(Faults, o.Faults)
	run.Measures, run.Unknown, run.Within = w.measures, w.unknown, w.within
	if falls := m.falls(c.Peak); falls != nil {
		run.Falls = [][]Fall{falls}
	}
	run.AtLeast, run.Notes = w.atLeast, append(run.Notes, w.notes...)
	if run.GoVersion == "" {
		run.GoVersion = v.Process.GoVersion
	}
}

// writer gathers a run's measures. A field is known, or has a reason.
type writer struct {
	measures Measures[*float64]
	unknown  map[string]string
	atLeast  []string
	notes    []string
	within   int64 // of the times
}

// set keeps what can be: numbers come from the target's own memory and from what its
// load prints.
func (w *writer) set(f Field, value float64) {
	if !possible(value) {
		w.lack(fmt.Sprintf("%g was read, which cannot be", value), f)
		return
	}
	*w.measures.At(f) = &value
	delete(w.unknown, f.ID())
}

// lack keeps a reason that is there already: who gave it knew better.
func (w *writer) lack(why string, fields ...Field) {
	for _, f := range fields {
		if w.unknown == nil {
			w.unknown = map[string]string{}
		}
		if w.unknown[f.ID()] == "" {
			w.unknown[f.ID()] = why
		}
	}
}

// least says that fields may be more than they say, and why.
func (w *writer) least(why string, fields ...Field) {
	for _, f := range fields {
		if id := f.ID(); !slices.Contains(w.atLeast, id) {
			w.atLeast = append(w.atLeast, id)
		}
	}
	w.notes = append(w.notes, why)
}

func (w *writer) outside(f Field, value *float64) {
	if value == nil {
		w.lack("not measured", f)
		return
	}
	w.set(f, *value)
}

func (m *Meter) sizes(w *writer, c *course.Course) {
	if c.Readings == 0 {
		w.lack("RES was never read", Peak, Rest, Area)
		return
	}
	w.set(Peak, float64(c.Peak))
	w.set(Rest, float64(c.Rest))
	w.set(Area, c.Area)
}

// times count from the burst's end: what has gone before it has taken no time.
func (m *Meter) times(w *writer, c *course.Course) {
	why := ""
	switch {
	case c.Readings == 0:
		why = "RES was never read"
	case m.burst == nil:
		why = "when the burst ended is not known"
	case *m.burst > m.last:
		why = "the burst had not ended when RES was read last"
	case c.Half == nil || c.NineTenths == nil:
		why = "nothing was given back, or no more than RES moves by itself (256 KiB or 2 %)"
	}
	if why != "" {
		w.lack(why, Half, NineTenths)
		return
	}
	since := func(after int64) float64 {
		return float64(max(int64(m.first-*m.burst)+c.PeakAfter+after, 0))
	}
	w.set(Half, since(c.Half.After))
	w.set(NineTenths, since(c.NineTenths.After))
	w.within = max(c.Half.Within, c.NineTenths.Within)
}

// cpu: what the runtime counts of itself.
func (m *Meter) cpu(w *writer, v *explain.Verdict) {
	if m.gc == nil {
		w.lack("the Go runtime's own times could not be read", GCCPU, CPU)
	} else {
		w.set(GCCPU, float64(*m.gc))
	}
	m.scavengeCPU(w, v)
	gc, scavenge := w.measures.GCCPU, w.measures.ScavengeCPU
	if gc != nil && scavenge != nil {
		w.set(CPU, *gc+*scavenge)
		return
	}
	w.lack("one of the two is not known", CPU)
}

// scavengeCPU: where the runtime does not tell its time, that within its calls stands
// for it. That within forced ones is always added, which the runtime never counts.
func (m *Meter) scavengeCPU(w *writer, v *explain.Verdict) {
	switch {
	case m.scavenge != nil:
		w.set(ScavengeCPU, float64(*m.scavenge+m.calls.forced))
	case v.Trace != nil:
		w.set(ScavengeCPU, float64(m.calls.counted+m.calls.forced))
		w.least("the Go runtime did not tell its scavenger's CPU time: the time within its calls stands for it", ScavengeCPU, CPU)
	default:
		w.lack("the Go runtime's own times could not be read", ScavengeCPU, CPU)
		return
	}
	if m.calls.forced > 0 {
		w.least("the Go runtime does not count what debug.FreeOSMemory's releasing takes: the time within its calls to the kernel was added, what it did between them is missing", ScavengeCPU, CPU)
	}
}

func (m *Meter) releases(w *writer, v *explain.Verdict) {
	if v.Trace == nil {
		w.lack("the target's calls were not traced", Refaulted, Asked, LeftRES)
		return
	}
	w.set(Refaulted, float64(v.Releases.Refaulted))
	w.set(Asked, float64(v.Releases.Asked))
	// Not the process's change over each call: calls overlap, and two that do would
	// both count what either took.
	w.set(LeftRES, float64(max(v.Releases.Attributed, 0)))
	if !m.looked {
		w.least("what of the released memory is resident at the end was not looked at", Refaulted)
	}
	if v.Lost > 0 { // forced releases may be among them, whose time nothing else tells
		w.least(fmt.Sprintf("%d events were lost", v.Lost), Refaulted, Asked, LeftRES, ScavengeCPU, CPU)
	}
}
