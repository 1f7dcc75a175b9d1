package discover

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"time"

	"whyres/collector"
	"whyres/collector/kernel"
	"whyres/collector/mem"
)

// The cost of a full look that has not been taken yet: it grows with what is
// resident. Measured 10 to 30 ms a GiB; this is somewhat more.
const (
	leastCost  = time.Millisecond
	costPerGiB = 50 * time.Millisecond
)

// estimate is how long a full look will take, by the last one or by RES.
func (p *held) estimate() time.Duration {
	if p.cost > 0 {
		growth := float64(p.res) / float64(max(p.costRES, 1))
		return time.Duration(float64(p.cost) * min(max(growth, 1), 1000))
	}
	return leastCost + time.Duration(float64(p.res)/(1<<30)*float64(costPerGiB))
}

// cheapestFirst are the processes to look at, in the order in which the budget
// goes furthest.
func cheapestFirst(all []found) []found {
	out := slices.DeleteFunc(slices.Clone(all), func(f found) bool { return f.held == nil })
	slices.SortStableFunc(out, func(a, b found) int { return cmp.Compare(a.held.estimate(), b.held.estimate()) })
	for i := range all {
		all[i].held = nil // not twice
	}
	return out
}

// lookAtAll looks at the processes, in full as long as that can be expected to
// end before the deadline.
func (h *Host) lookAtAll(ctx context.Context, all []found, deadline mem.Instant) []found {
	h.each(ctx, len(all), func(i int) { h.lookAt(&all[i], deadline) })
	return all
}

func (h *Host) lookAt(f *found, deadline mem.Instant) {
	start := kernel.Now()
	full := start.Add(f.held.estimate()) <= deadline
	sample, err := f.held.look(full)
	if err != nil {
		f.failure = &failure{Unread: Unread{Process: f.held.view.Describe(), Err: err}}
		return
	}
	if full {
		f.held.cost, f.held.costRES = kernel.Now().Sub(start), sample.RSS.Total()
	}
	f.sample = sample
}

// look takes a sample. A process that runs the same program once more has its
// runtime elsewhere: it is found anew, once.
func (p *held) look(full bool) (mem.Sample, error) {
	sample, _, err := p.view.Look(collector.Order{Full: full})
	if err == nil && sample.GoProblem != "" {
		if p.view.Renew(); p.view.Problem() != nil {
			return sample, p.view.Problem()
		}
		sample, _, err = p.view.Look(collector.Order{Full: full})
	}
	if err == nil && sample.GoProblem != "" {
		err = errors.New(sample.GoProblem)
	}
	if err == nil {
		_, err = p.view.Status()
	}
	return sample, err
}
