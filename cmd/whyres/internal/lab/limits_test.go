package lab

import (
	"slices"
	"testing"
)

func TestLimitsFrom(t *testing.T) {
	for _, c := range []struct{ peak, small, large int64 }{
		{100 * mib, 50 * mib, 75 * mib},
		{117*mib + 300<<10, 58 * mib, 87 * mib},
		{8 * mib, 4 * mib, 6 * mib},
		{5 * mib, 4 * mib, 4 * mib},
		{0, 4 * mib, 4 * mib},
		{-1, 4 * mib, 4 * mib},
		{1 << 60, 1 << 59, 3 << 58},
	} {
		if small, large := LimitsFrom(c.peak); small != c.small || large != c.large {
			t.Errorf("%d: %d, %d; want %d, %d", c.peak, small, large, c.small, c.large)
		}
	}
}

func TestLimitsGiven(t *testing.T) {
	o := all()
	o.Limits = [2]int64{24 * mib, 36*mib + 1}
	got, err := Settings(o)
	if err != nil {
		t.Fatal(err)
	}
	want := map[string][]string{
		limitSmall: {"GOMEMLIMIT=24MiB"}, limitLarge: {"GOMEMLIMIT=37748737"},
		limitLargeOff: {"GOMEMLIMIT=37748737", "GOGC=off"},
	}
	for _, s := range got {
		if env, found := want[s.ID]; found && (!slices.Equal(s.Env, env) || s.needsLimit()) {
			t.Errorf("%s: %v, want %v", s.ID, s.Env, env)
		}
	}
}

// The limits come from the default's first measured run, of one server each.
func TestLimitsFromTheFirstRun(t *testing.T) {
	for name, c := range map[string]struct {
		run  Run
		want string
	}{
		"alone": {done(1, 100), "GOMEMLIMIT=50MiB"},
		"two":   {Run{Number: 1, Status: StatusDone, Together: &Together{PeakOfSum: 150 * mib, SumOfPeaks: 160 * mib}}, "GOMEMLIMIT=40MiB"},
	} {
		r := labOf(t, 2, Default, limitSmall, limitLargeOff)
		if name == "two" {
			r.Servers = 2
		}
		if steps := r.Plan(); len(steps) != 6 || steps[0].Waits || !steps[1].Waits || !steps[2].Waits {
			t.Fatalf("%s: %+v", name, steps)
		}
		r.Add(Default, Run{Number: 2, Status: StatusFailed, Problem: "died"})
		r.Add(Default, c.run)
		for _, s := range r.Plan() {
			if s.Waits || s.Setting.ID == limitSmall && !slices.Equal(s.Setting.Env, []string{c.want}) {
				t.Errorf("%s: %+v, want %s", name, s, c.want)
			}
		}
		r.Add(Default, done(1, 10))
		if got := r.Row(limitSmall).Name; got != c.want {
			t.Errorf("%s: a limit that was chosen changed to %s", name, got)
		}
	}
}

func TestNoPeakNoLimit(t *testing.T) {
	r := labOf(t, 1, Default, gogc50, limitLarge)
	r.Add(Default, Run{Number: 1, Status: StatusFailed, Problem: "died"})
	row := r.Row(limitLarge)
	if row.Status != StatusFailed || row.Problem == "" || len(r.Plan()) != 1 {
		t.Errorf("%s %q, left %+v", row.Status, row.Problem, r.Plan())
	}
	r.Judge()
	if len(r.Plan()) != 1 {
		t.Error("judged again, there is more to do")
	}
}
