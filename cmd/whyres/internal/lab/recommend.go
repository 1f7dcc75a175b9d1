package lab

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"
)

// prices are what a setting may cost, if it is not what was asked for.
func prices() []Field {
	return []Field{Peak, Rest, Area, LatencyP50, LatencyP99, CPU, ProcessCPU, Refaulted, Faults}
}

// recommend says what is best for the goal and what that costs.
func (r *Result) recommend() {
	f := r.Goal.Of()
	r.Best, r.Recommendation = "", nil
	base := r.Row(Default)
	if base == nil || base.class(f) != 0 {
		if why := r.noBase(base, f); why != "" {
			r.Recommendation = []string{why}
		}
		return
	}
	best := r.best(f)
	if best == nil {
		r.Best, r.Recommendation = r.asGood(base, f)
		return
	}
	r.Best = best.ID
	r.Recommendation = []string{r.gain(best, base, f), price(best, base, f)}
}

// Recommended is what a mark at the recommended row means. It need not be the first.
func (r *Result) Recommended() string {
	if r.Best != "" && len(r.Rows) > 0 && r.Rows[0].ID != r.Best {
		return "recommended: what stands above it is no better but for chance, and costs more, or failed once"
	}
	return "recommended"
}

// noBase says why nothing can be recommended; "" where nothing has been run yet.
func (r *Result) noBase(base *Row, f Field) string {
	switch {
	case base == nil || base.Status == StatusPending:
		return ""
	case base.Status != StatusDone:
		return "Nothing can be recommended: the default setting, with which all else is compared, was not measured (" +
			cmp.Or(base.Problem, string(base.Status)) + ")."
	case base.short() != "":
		return "Nothing can be recommended: the default setting is " + base.short() + " (--resume with --retry tries such runs again)."
	}
	return fmt.Sprintf("Nothing can be recommended: of the default setting, with which all else is compared, the %s is not known (%s).",
		f, cmp.Or(base.whyUnknown(f), "not measured"))
}

// whyUnknown is the reason of the first run that gives one.
func (w *Row) whyUnknown(f Field) string {
	for i := range w.Runs {
		if why := w.Runs[i].Unknown[f.ID()]; why != "" {
			return why
		}
	}
	return ""
}

// best is the row that is to be recommended: of those that cannot be told from the
// best by the goal's measure the cheapest. Nil where none is better than the default.
// What has failed once is not recommended.
func (r *Result) best(f Field) *Row {
	var found *Row
	var least Spread
	for i := range r.Rows {
		w := &r.Rows[i]
		sign, value := *w.Against.At(f), *w.Measures.At(f)
		switch {
		case sign == nil || *sign >= 0 || w.troubled():
		case found == nil:
			found, least = w, value // the rows are in order: it is the best
		case asGoodAs(least, value, f.Unit()) && w.cheaper(found, f):
			found = w
		}
	}
	return found
}

// asGoodAs reports that a value is no more than the best one but for chance, by its
// median and by its worst run: what lies far apart itself is no better for it.
func asGoodAs(best, value Spread, u Unit) bool {
	room := max(best.Max-best.Min, chance(u, best.Median, min(best.N, value.N)))
	return value.Median-best.Median <= room && value.Max-best.Max <= room
}

// troubled: a run of it was not done.
func (w *Row) troubled() bool {
	return w.Status != StatusDone || slices.ContainsFunc(w.Runs, func(x Run) bool { return x.Status != StatusDone })
}

// worse are the prices that it has.
func (w *Row) worse(goal Field) []Field {
	var out []Field
	for _, f := range prices() {
		if sign := *w.Against.At(f); f != goal && sign != nil && *sign > 0 {
			out = append(out, f)
		}
	}
	return out
}

// maybeWorse is how many prices it has or, for all that is known, may have.
func (w *Row) maybeWorse(goal Field) int { return len(w.worse(goal)) + len(w.untold(goal)) }

// cheaper: it has fewer prices, where one that is not known may be one; or as many, and
// of them some that are lower and none that is higher.
func (w *Row) cheaper(than *Row, goal Field) bool {
	if a, b := w.maybeWorse(goal), than.maybeWorse(goal); a != b {
		return a < b
	}
	lower := false
	for _, f := range w.worse(goal) {
		a, b := *w.Measures.At(f), *than.Measures.At(f)
		if b.N == 0 {
			return false
		}
		sign := differ(f.Unit(), a, b)
		if sign > 0 {
			return false
		}
		lower = lower || sign < 0
	}
	return lower
}

// untold are the prices of which nothing is known.
func (w *Row) untold(goal Field) []Field {
	var out []Field
	for _, f := range prices() {
		if f != goal && *w.Against.At(f) == nil {
			out = append(out, f)
		}
	}
	return out
}

// asGood is the recommendation where nothing that could be recommended is better than
// the default: that, or nothing where it is compared with nothing. What was left out
// is said.
func (r *Result) asGood(base *Row, f Field) (best string, says []string) {
	compared, measured := 0, 0
	var failedOnce []string
	for i := range r.Rows {
		w := &r.Rows[i]
		if w.Status != StatusDone || w.ID == Default {
			continue
		}
		measured++
		switch sign := *w.Against.At(f); {
		case sign == nil:
		case !w.troubled():
			compared++
		case *sign < 0:
			failedOnce = append(failedOnce, w.Name)
		}
	}
	if measured == 0 {
		return "", nil
	}
	best, says = Default, r.noneBetter(base, f)
	if compared == 0 {
		best, says = "", []string{fmt.Sprintf("Nothing can be recommended: no other setting could be held against the default by the %s; the notes say why.", f)}
	}
	if len(failedOnce) > 0 {
		says = []string{says[0], fmt.Sprintf("Less by that, but not recommended, as a run of it failed: %s.", strings.Join(failedOnce, ", "))}
	}
	return best, says
}

func (r *Result) noneBetter(base *Row, f Field) []string {
	first := fmt.Sprintf("Of what was tried here nothing is better than the default by the %s (%s): it is as good as any.",
		f, f.Unit().Text(base.Measures.At(f).Median))
	if base.Measures.At(f).N > 1 {
		return []string{first, "What differs less than the runs of one setting do counts as no difference."}
	}
	return []string{first, "One run of each shows no small differences: several (--runs) may."}
}

// gain says what to do, and what it brings.
func (r *Result) gain(best, base *Row, f Field) string {
	once := ""
	if min(best.Measures.At(f).N, base.Measures.At(f).N) == 1 {
		once = "in one run "
	}
	out := fmt.Sprintf("%s, %s: %sthe %s is %s", r.Goal.aim(), best.advice(), once, f, beside(best, base, f))
	if at := best.Against.Rest; f == Area && at != nil && *at < 0 {
		out += ", and " + Rest.String() + " " + beside(best, base, Rest)
	}
	return out + "."
}

func (g Goal) aim() string {
	switch g {
	case GoalLatency:
		return "For the shortest waits of small pulses here"
	case GoalCPU:
		return "For the least CPU of GC and scavenger here"
	case GoalTime:
		return "To have memory back soonest here"
	case GoalRES:
	}
	return "For the least RES over time here"
}

// advice is what to do to have the setting.
func (w *Row) advice() string {
	switch {
	case w.Go != "":
		return "build with " + w.Go
	case w.THP != "":
		return "set transparent huge pages to " + w.THP + " (a setting of the whole host: it holds for all that runs there)"
	case len(w.Orders) > 0:
		return w.Orders[0].advice()
	}
	return "start it with " + strings.Join(w.Env, " ")
}

func (o Order) advice() string {
	call := "call debug.FreeOSMemory"
	if o.What == OrderGC {
		call = "call runtime.GC"
	}
	if o.Every > 0 {
		return call + " every " + time.Duration(o.Every).String()
	}
	return call + " once the burst is over"
}

// beside is a measure, that of the default, and the difference.
func beside(w, base *Row, f Field) string {
	a, b := w.Measures.At(f).Median, base.Measures.At(f).Median
	out := f.Unit().Text(a) + " instead of " + f.Unit().Text(b)
	if how := compared(a, b); how != "" {
		out += " (" + how + ")"
	}
	return out
}

// price is what is worse than by default beyond what may be chance, and what of it
// is not known.
func price(w, base *Row, goal Field) string {
	var costs, unknown []string
	for _, f := range w.worse(goal) {
		costs = append(costs, f.String()+" "+beside(w, base, f))
	}
	for _, f := range w.untold(goal) {
		unknown = append(unknown, f.String())
	}
	out := "It costs nothing that could be measured here"
	if min(w.Measures.At(goal).N, base.Measures.At(goal).N) == 1 {
		out = "One run of each shows nothing that it costs"
	}
	if len(costs) > 0 {
		out = "Its price: " + strings.Join(costs, "; ")
	}
	if len(unknown) > 0 {
		out += "; not known: " + strings.Join(unknown, ", ")
	}
	return out + "."
}
