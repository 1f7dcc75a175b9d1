package lab

import (
	"slices"
	"time"
)

// Step is a run that is still to be done.
type Step struct {
	Setting Setting
	Run     int // from 1
	// Waits: its GOMEMLIMIT is a part of the default's peak RES, which is not
	// known yet: other steps come first.
	Waits bool
}

// Rows are settings before any run.
func Rows(settings []Setting) []Row {
	out := make([]Row, len(settings))
	for i, s := range settings {
		out[i] = Row{Setting: s, Place: i, Status: StatusPending, Runs: []Run{}}
		if s.Skip != "" {
			out[i].Status, out[i].Problem = StatusSkipped, s.Skip
		}
	}
	return out
}

// Plan is what is left to do, in order: the first run of all settings, then the
// second of all, so that a host that grows slower meanwhile is no setting's fault;
// the default first. What has failed is not tried again (see Retry), what was refused
// has no more runs.
func (r *Result) Plan() []Step {
	rows := r.inPlace()
	var out []Step
	for n := 1; n <= r.Runs; n++ {
		for _, row := range rows {
			if r.wants(row, n) {
				out = append(out, Step{Setting: row.Setting, Run: n, Waits: row.needsLimit()})
			}
		}
	}
	return out
}

// inPlace are the rows in the catalogue's order.
func (r *Result) inPlace() []*Row {
	out := make([]*Row, len(r.Rows))
	for i := range r.Rows {
		out[i] = &r.Rows[i]
	}
	slices.SortStableFunc(out, func(a, b *Row) int { return a.Place - b.Place })
	return out
}

// wants reports whether a setting's n-th run is still to be done.
func (r *Result) wants(row *Row, n int) bool {
	if row.Status == StatusSkipped || row.needsLimit() && row.Status == StatusFailed {
		return false
	}
	return !slices.ContainsFunc(row.Runs, func(run Run) bool {
		return run.Number == n || run.Status == StatusRefused
	})
}

// over reports whether a setting has no run left.
func (r *Result) over(row *Row) bool {
	for n := 1; n <= r.Runs; n++ {
		if r.wants(row, n) {
			return false
		}
	}
	return true
}

// TimeLeft is about how long the rest takes, so many runs at a time, where those
// under way have been so for a while: as long as the measured ones have taken.
// False before there is any.
func (r *Result) TimeLeft(underWay time.Duration, atOnce int) (time.Duration, bool) {
	var sum int64
	n := 0
	for i := range r.Rows {
		for _, run := range r.Rows[i].Runs {
			if run.Status == StatusDone && run.Took > 0 {
				sum += run.Took
				n++
			}
		}
	}
	if n == 0 {
		return 0, false
	}
	atOnce = max(atOnce, 1)
	rounds := (len(r.Plan()) + atOnce - 1) / atOnce
	return max(time.Duration(sum/int64(n))*time.Duration(rounds)-underWay, 0), true
}

// LeastLeft is how long the rest takes at least, before any run has told: as long as
// is watched after the bursts. False where that is not known.
func (r *Result) LeastLeft(underWay time.Duration, atOnce int) (time.Duration, bool) {
	atOnce, servers := max(atOnce, 1), max(r.Servers, 1)
	rounds := (len(r.Plan()) + atOnce - 1) / atOnce
	// Each further server's burst comes half a time to settle after the one before.
	each := r.Settle + r.Settle/2*int64(servers-1)
	return max(time.Duration(each)*time.Duration(rounds)-underWay, 0), r.Settle > 0 && rounds > 0
}

// Retry forgets the runs that failed, were refused, or had not their whole burst, so
// that they are to be done again.
func (r *Result) Retry() {
	for i := range r.Rows {
		row := &r.Rows[i]
		row.Runs = slices.DeleteFunc(row.Runs, func(run Run) bool {
			return run.Status == StatusFailed || run.Status == StatusRefused || !run.Burst.whole()
		})
	}
	r.Judge()
}

// Row is the one with the ID; nil where there is none. It is good until the lab is
// judged again, which may put the rows into another order.
func (r *Result) Row(id string) *Row {
	for i := range r.Rows {
		if r.Rows[i].ID == id {
			return &r.Rows[i]
		}
	}
	return nil
}

// Add takes a run in, in place of one of the same number, and judges anew.
func (r *Result) Add(id string, run Run) bool {
	row := r.Row(id)
	if row == nil {
		return false
	}
	row.Runs = slices.DeleteFunc(row.Runs, func(x Run) bool { return x.Number == run.Number })
	row.Runs = append(row.Runs, run)
	slices.SortFunc(row.Runs, func(a, b Run) int { return a.Number - b.Number })
	r.Judge()
	return true
}
