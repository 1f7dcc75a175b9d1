package lab

import (
	"slices"

	"whyres/collector/course"
)

// fallParts is into how many levels, of its peak, a run's fall is kept at most.
const fallParts = 256

// Fall is a level that RES of a server was at last so long after the burst.
type Fall struct {
	RES int64 `json:"res"` // bytes
	// After the burst's end RES was lower for good, in ns; negative where that was
	// before it. Null: it was so high when it was read last.
	After *int64 `json:"after_ns"`
}

// falls of the run; nil where there is nothing to count from.
func (m *Meter) falls(peak int64) []Fall {
	if m.burst == nil || *m.burst > m.last {
		return nil
	}
	var out []Fall
	for _, f := range m.course.Falls(max(peak/fallParts, 1)) {
		fall := Fall{RES: f.RES}
		if f.Ended {
			after := int64(f.Until - *m.burst)
			fall.After = &after
		}
		out = append(out, fall)
	}
	return out
}

// below is how long after the burst RES was for good no more than a level, in ns;
// false where it never was. Falls of a file may be in any order.
func below(falls []Fall, level int64) (after int64, ok bool) {
	for _, f := range falls {
		switch {
		case f.RES <= level:
		case f.After == nil:
			return 0, false
		default:
			after = max(after, *f.After)
		}
	}
	return after, true
}

// level sets the times of all runs by the same two levels of RES: with each run's
// own, one that gives back little would have half of it gone soon, and look quick.
func (r *Result) level() {
	peak, rest, known := r.usual()
	if !known {
		return
	}
	gives := peak - rest
	for _, part := range []struct {
		f     Field
		level int64
	}{{Half, peak - gives/2}, {NineTenths, peak - (gives - gives/10)}} {
		for i := range r.Rows {
			for j := range r.Rows[i].Runs {
				r.Rows[i].Runs[j].fallen(part.f, part.level, r.Settle)
			}
		}
	}
}

// usual is what one server of the default has of RES at the most and at rest, in
// bytes; not known where nothing is given back, or no run was measured.
func (r *Result) usual() (peak, rest int64, known bool) {
	row := r.Row(Default)
	if row == nil {
		return 0, 0, false
	}
	var peaks, rests []float64
	for i := range row.Runs {
		run := &row.Runs[i]
		if run.Status != StatusDone || run.Measures.Peak == nil || run.Measures.Rest == nil {
			continue
		}
		peaks = append(peaks, float64(run.peakOfOne(r.Servers)))
		rests = append(rests, *run.Measures.Rest/float64(max(r.Servers, 1)))
	}
	peak, rest = int64(spreadOf(peaks).Median), int64(spreadOf(rests).Median)
	return peak, rest, peak-rest > course.Jitter(peak)
}

// fallen sets when RES was for good below a level: of several servers the last.
func (r *Run) fallen(f Field, level, settle int64) {
	if r.Status != StatusDone || len(r.Falls) == 0 {
		return
	}
	last, least := int64(0), false
	for _, falls := range r.Falls {
		after, ok := below(falls, level)
		if !ok {
			after, least = settle, true
		}
		last = max(last, after)
	}
	value := float64(last)
	*r.Measures.At(f) = &value
	delete(r.Unknown, f.ID())
	r.AtLeast = slices.DeleteFunc(r.AtLeast, func(id string) bool { return id == f.ID() })
	if least {
		r.AtLeast = append(r.AtLeast, f.ID())
	}
}
