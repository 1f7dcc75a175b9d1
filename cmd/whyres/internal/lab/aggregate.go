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
	if base == nil || !w.Whole() || !base.Whole() {
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
// chance: where some run of the one lies among those of the other, where the medians
// are no further apart than the runs of either one, or than the same setting run
// twice. That runs do not overlap is not enough: of three and three it happens by
// chance once in ten times, and a lab compares a hundred pairs.
func differ(u Unit, a, b Spread) int {
	if a.Max >= b.Min && b.Max >= a.Min {
		return 0
	}
	apart := max(a.Median-b.Median, b.Median-a.Median)
	if apart <= max(a.Max-a.Min, b.Max-b.Min, chance(u, max(a.Median, b.Median), min(a.N, b.N))) {
		return 0
	}
	return cmp.Compare(a.Median, b.Median)
}

// chance is how far apart two values of the same setting may be, for a value of that
// size. An area is a size times a time, and takes the more doubtful of the two. One
// run tells nothing of how far others would lie from it: then more is allowed for.
// ChanceHelp says the same for people.
func chance(u Unit, value float64, runs int) float64 {
	part, least := 0.05, 0.0
	switch u {
	case Bytes:
		part, least = 0, float64(course.Jitter(int64(value)))
	case ByteSeconds:
	case After:
		least = 50e6
	case CPUTime:
		least = 20e6 // the kernel counts a process in ticks of 10 ms
	case Latency:
		part, least = 0.20, 100e3
	case Count:
		least = 100
	}
	if runs == 1 {
		part = 1. / 3
		if u == Bytes || u == ByteSeconds {
			part = 0.10
		}
	}
	return max(value*part, least)
}

// ChanceHelp says which differences are told.
const ChanceHelp = `A difference is told where no run of the one setting lies among those of the
other, and the medians are further apart than the runs of either one, and by more
than 5 % (sizes: 2 %, latency: 20 %) and than 256 KiB, 50 ms, 20 ms of CPU, 0.1 ms of
latency or 100 faults. With one run it is 10 % for sizes and the area, and a
third for times, CPU, latency and faults.
`
