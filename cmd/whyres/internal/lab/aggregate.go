package lab

import (
	"cmp"
	"slices"

	"whyres/collector/course"
)

// Judge makes the rows' measures, their order and the recommendation anew from the
// runs: whatever the order in which these came.
func (r *Result) Judge() {
	r.level()
	for i := range r.Rows {
		r.Rows[i].gather()
	}
	r.chooseLimits()
	base := r.Row(Default)
	for i := range r.Rows {
		r.Rows[i].compare(base)
	}
	r.order()
	r.recommend()
}

// gather makes a row of its runs.
func (w *Row) gather() {
	w.Measures = Measures[Spread]{}
	if w.Status == StatusSkipped {
		return
	}
	w.Status, w.Problem = w.state()
	for _, f := range Fields() {
		*w.Measures.At(f) = spreadOf(w.known(f))
	}
}

// state is that of the runs: done where one is, with what became of the others.
func (w *Row) state() (Status, string) {
	if len(w.Runs) == 0 {
		return StatusPending, ""
	}
	state, problem := StatusPending, ""
	for i := range w.Runs {
		run := &w.Runs[i]
		if run.Status == StatusDone {
			state = StatusDone
			continue
		}
		problem = cmp.Or(problem, run.Problem)
		if state != StatusDone {
			state = run.Status
		}
	}
	return state, problem
}

// known are the values of a field in the runs that were done.
func (w *Row) known(f Field) []float64 {
	var out []float64
	for i := range w.Runs {
		if v := *w.Runs[i].Measures.At(f); w.Runs[i].Status == StatusDone && v != nil {
			out = append(out, *v)
		}
	}
	return out
}

func spreadOf(values []float64) Spread {
	n := len(values)
	if n == 0 {
		return Spread{}
	}
	slices.Sort(values)
	median := values[n/2]
	if n%2 == 0 {
		median = values[n/2-1] + (values[n/2]-values[n/2-1])/2
	}
	return Spread{Median: median, Min: values[0], Max: values[n-1], N: n}
}

// compare tells each measure beside the default's.
func (w *Row) compare(base *Row) {
	w.Against = Measures[*int]{}
	if base == nil || w.short() != "" || base.short() != "" {
		return
	}
	for _, f := range Fields() {
		a, b := *w.Measures.At(f), *base.Measures.At(f)
		if a.N == 0 || b.N == 0 {
			continue
		}
		sign := differ(f.Unit(), a, b)
		if sign <= 0 && w.AtLeast(f) || sign >= 0 && base.AtLeast(f) {
			continue // it may be otherwise
		}
		*w.Against.At(f) = &sign
	}
}

// AtLeast reports that the field may be more than the row says.
func (w *Row) AtLeast(f Field) bool {
	return slices.ContainsFunc(w.Runs, func(run Run) bool {
		return run.Status == StatusDone && slices.Contains(run.AtLeast, f.ID())
	})
}

// differ is -1 where a is less than b, 1 where it is more, 0 where that may be
// chance: where some run of the one lies among those of the other, or the medians
// are no further apart than the same setting run twice.
func differ(u Unit, a, b Spread) int {
	if a.Max >= b.Min && b.Max >= a.Min {
		return 0
	}
	if d := a.Median - b.Median; max(d, -d) <= chance(u, max(a.Median, b.Median)) {
		return 0
	}
	return cmp.Compare(a.Median, b.Median)
}

// chance is how far apart two runs of the same may be, for a value of that size.
// An area is a size times a time, and takes the more doubtful of the two. What one
// run shows of its slowest connections is little more than luck: a p99 counts as
// another only from a fifth on.
func chance(u Unit, value float64) float64 {
	switch u {
	case Bytes:
		return float64(course.Jitter(int64(value)))
	case ByteSeconds:
		return value * 0.05
	case After:
		return max(value*0.05, 50e6)
	case CPUTime:
		return max(value*0.05, 20e6) // the kernel counts a process in ticks of 10 ms
	case Latency:
		return max(value*0.20, 100e3)
	case Count:
	}
	return max(value*0.05, 100)
}
