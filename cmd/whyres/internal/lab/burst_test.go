package lab

import (
	"slices"
	"strings"
	"testing"
)

func (r Run) burst(wanted, served int, cut string) Run {
	r.Burst = &Burst{Wanted: wanted, Served: served, Cut: cut}
	return r
}

// A row with less of a burst had less to give back: it wins nothing by that.
func TestWhatWasNotServedIsNotCompared(t *testing.T) {
	whole := done(1, 100).burst(10, 10, "")
	for name, c := range map[string]struct {
		base, row Run
		remark    string // "": compared
		best      string
	}{
		"whole":            {whole, done(1, 50).burst(10, 10, ""), "", gogc50},
		"untold":           {done(1, 100), done(1, 50), "", gogc50},
		"one of many lost": {done(1, 100).burst(30000, 30000, ""), done(1, 50).burst(30000, 29999, ""), "", gogc50},
		"a hundredth lost": {done(1, 100).burst(30000, 30000, ""), done(1, 50).burst(30000, 29700, ""), "", gogc50},
		"more than that":   {done(1, 100).burst(30000, 30000, ""), done(1, 50).burst(30000, 29699, ""), "of the 30000 connections of the burst 29699 were served", ""},
		"fewer":            {whole, done(1, 50).burst(10, 9, ""), "of the 10 connections of the burst 9 were served", ""},
		"cut":              {whole, done(1, 50).burst(10, 10, "load-limit"), "the burst was not complete: load-limit", ""},
		"the default's":    {done(1, 100).burst(10, 1, ""), done(1, 50).burst(10, 10, ""), "of the 10 connections of the burst 1 were served", ""},
		"cut, not counted": {done(1, 100), done(1, 50).burst(0, 0, "load-limit"), "the burst was not complete: load-limit", ""},
	} {
		t.Run(name, func(t *testing.T) {
			r := labOf(t, 1, Default, gogc50)
			r.Add(Default, c.base)
			r.Add(gogc50, c.row)
			if compared := r.Row(gogc50).Against.Area != nil; compared != (c.remark == "") {
				t.Errorf("compared: %t", compared)
			}
			if r.Best != c.best {
				t.Errorf("best %q, want %q: %v", r.Best, c.best, r.Recommendation)
			}
			said := slices.ContainsFunc(r.Remarks(), func(x Remark) bool {
				return strings.HasPrefix(x.Text, "not compared: ") && strings.HasSuffix(x.Text, c.remark)
			})
			if said != (c.remark != "") {
				t.Errorf("no %q in %v", c.remark, r.Remarks())
			}
			if c.remark != "" && c.base.Burst.whole() && r.Rows[0].ID != Default {
				t.Errorf("%s stands first", r.Rows[0].ID)
			}
		})
	}
}

// What is lost is told even where it is too little to matter.
func TestWhatWasLostIsTold(t *testing.T) {
	r := labOf(t, 1, Default, gogc50)
	r.Add(Default, done(1, 100).burst(30000, 30000, ""))
	r.Add(gogc50, done(1, 50).burst(30000, 29999, ""))
	want := "of the 30000 connections of the burst 29999 were served"
	if !slices.ContainsFunc(r.Remarks(), func(x Remark) bool { return x.Text == want }) {
		t.Errorf("no %q in %v", want, r.Remarks())
	}
}

func TestBurstsOfSeveralServers(t *testing.T) {
	run := Combine(&Together{}, done(1, 1).burst(10, 10, ""), done(1, 1).burst(10, 8, "cut"), done(1, 1))
	if b := run.Burst; b == nil || *b != (Burst{20, 18, "cut"}) {
		t.Errorf("%+v", run.Burst)
	}
}

// A run with less of a burst gives no levels and no limits, and can be made again.
func TestARunThatWasNotServedCountsForNoOther(t *testing.T) {
	r := labOf(t, 1, Default, limitSmall)
	r.Add(Default, done(1, 10).burst(10, 1, ""))
	if row := r.Row(limitSmall); row.Status != StatusFailed || len(row.Env) > 0 {
		t.Errorf("a limit was taken from it: %s %v", row.Status, row.Env)
	}
	if _, _, known := r.usual(); known {
		t.Error("levels were taken from it")
	}
	if s := strings.Join(r.Recommendation, " "); !strings.Contains(s, "--retry") {
		t.Errorf("nothing says how to go on: %s", s)
	}
	r.Retry()
	if steps := r.Plan(); len(steps) != 2 || steps[0].Setting.ID != Default {
		t.Errorf("to be done: %+v", steps)
	}
	r.Add(Default, done(1, 100).burst(10, 10, ""))
	if got := r.Row(limitSmall).Name; got != "GOMEMLIMIT=50MiB" {
		t.Errorf("the limit is %s", got)
	}
}
