package lab

import (
	"maps"
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
	// Within: RES was known to be so high until so long before, in ns.
	Within int64 `json:"within_ns,omitempty"`
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
			fall.After, fall.Within = &after, int64(f.Until-f.Since)
		}
		out = append(out, fall)
	}
	return out
}

// below is how long after the burst RES was for good no more than a level, in ns, and
// how much sooner it may have been; false where it never was. Falls of a file may be
// in any order.
func below(falls []Fall, level int64) (after, within int64, ok bool) {
	for _, f := range falls {
		switch {
		case f.RES <= level:
		case f.After == nil:
			return 0, 0, false
		case *f.After > after:
			after, within = *f.After, f.Within
		}
	}
	return after, within, true
}

// level sets the times of all runs by the same two levels of RES: with each run's
// own, one that gives back little would have half of it gone soon, and look quick.
// Where the default gives nothing back there are no such levels, and no times.
func (r *Result) level() {
	peak, rest, known := r.usual()
	if !known {
		return
	}
	gives := peak - rest
	for i := range r.Rows {
		for j := range r.Rows[i].Runs {
			run := &r.Rows[i].Runs[j]
			if run.Status != StatusDone || len(run.Falls) == 0 {
				continue
			}
			run.Within = 0
			if gives <= course.Jitter(peak) {
				run.lackTimes()
				continue
			}
			run.fallen(Half, peak-gives/2, r.Settle)
			run.fallen(NineTenths, peak-(gives-gives/10), r.Settle)
		}
	}
}

// usual is what one server of the default has of RES at the most once the burst has
// ended, and at rest, in bytes; not known where no run with a whole burst was
// measured. From what went before the burst's end nothing can be told: all would
// have been quick.
func (r *Result) usual() (peak, rest int64, known bool) {
	row := r.Row(Default)
	if row == nil {
		return 0, 0, false
	}
	var peaks, rests []float64
	for i := range row.Runs {
		run := &row.Runs[i]
		if run.Status != StatusDone || !run.Burst.whole() || run.Measures.Peak == nil || run.Measures.Rest == nil {
			continue
		}
		peaks = append(peaks, float64(run.mostAfter(r.Servers)))
		rests = append(rests, *run.Measures.Rest/float64(max(r.Servers, 1)))
	}
	peak, rest = int64(spreadOf(peaks).Median), int64(spreadOf(rests).Median)
	return peak, rest, len(peaks) > 0
}

// mostAfter is the highest RES that a server had when the burst had ended, of several
// their mean; its peak where the run does not tell.
func (r *Run) mostAfter(servers int) int64 {
	if len(r.Falls) == 0 {
		return r.peakOfOne(servers)
	}
	sum := int64(0)
	for _, falls := range r.Falls {
		most := int64(0)
		for _, f := range falls {
			if f.After == nil || *f.After > 0 {
				most = max(most, f.RES)
			}
		}
		sum += most
	}
	return sum / int64(len(r.Falls))
}

// lackTimes takes the times away that the run has by levels of its own.
func (r *Run) lackTimes() {
	for _, f := range []Field{Half, NineTenths} {
		*r.Measures.At(f) = nil
		r.Unknown = unknownBut(r.Unknown, f)
		r.Unknown[f.ID()] = noLevels
		r.AtLeast = without(r.AtLeast, f)
	}
}

// unknownBut copies, as without does.
func unknownBut(reasons map[string]string, f Field) map[string]string {
	out := map[string]string{}
	maps.Copy(out, reasons)
	delete(out, f.ID())
	return out
}

const noLevels = "the default gave nothing back once the burst had ended, so that there is no level to compare by"

// without copies: a run may be in several labs.
func without(ids []string, f Field) []string {
	return slices.DeleteFunc(slices.Clone(ids), func(id string) bool { return id == f.ID() })
}

// fallen sets when RES was for good below a level: of several servers the last.
func (r *Run) fallen(f Field, level, settle int64) {
	last, least := int64(0), false
	for _, falls := range r.Falls {
		after, within, ok := below(falls, level)
		if !ok {
			after, least = settle, true
		}
		last, r.Within = max(last, after), max(r.Within, within)
	}
	value := float64(last)
	*r.Measures.At(f) = &value
	r.Unknown = unknownBut(r.Unknown, f)
	r.AtLeast = without(r.AtLeast, f)
	if least {
		r.AtLeast = append(r.AtLeast, f.ID())
	}
}
