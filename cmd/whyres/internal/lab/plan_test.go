package lab

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"
)

func stepNames(steps []Step) []string {
	var out []string
	for _, s := range steps {
		out = append(out, fmt.Sprintf("%s %d", s.Setting.ID, s.Run))
	}
	return out
}

func TestPlanGoesInRounds(t *testing.T) {
	r := labOf(t, 2, Default, gogc50, gogc25)
	want := []string{"default 1", "gogc-50 1", "gogc-25 1", "default 2", "gogc-50 2", "gogc-25 2"}
	if got := stepNames(r.Plan()); !slices.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
}

// However a lab was stopped, what is left is what has not been done, in the same
// order: also when the rows have been sorted by then.
func TestResumeYieldsTheComplement(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for range 200 {
		lab := labOf(t, 3)
		lab.SetLimits(8*mib, 12*mib)
		whole := lab.Plan()
		var want []Step
		for _, s := range whole {
			switch r.IntN(3) {
			case 0:
				lab.Add(s.Setting.ID, done(s.Run, 10+90*r.Float64()))
			case 1:
				lab.Add(s.Setting.ID, Run{Number: s.Run, Status: StatusFailed, Problem: "died"})
			default:
				want = append(want, s)
			}
		}
		if got := stepNames(lab.Plan()); !slices.Equal(got, stepNames(want)) {
			t.Fatalf("%v, want %v", got, stepNames(want))
		}
	}
}

func TestPlanLeavesOut(t *testing.T) {
	r := labOf(t, 2, Default, gogc50, gogc25)
	r.Row(gogc25).Status, r.Row(gogc25).Problem = StatusSkipped, "means nothing"
	r.Add(gogc50, Run{Number: 1, Status: StatusRefused, Problem: "EINVAL"})
	if got, want := stepNames(r.Plan()), []string{"default 1", "default 2"}; !slices.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
	if row := r.Row(gogc25); row.Status != StatusSkipped || row.Problem != "means nothing" {
		t.Errorf("judging changed what was skipped: %+v", row)
	}
	if r.Add("nothing", done(1, 1)) {
		t.Error("a run of no setting is taken")
	}
}

func TestTimeLeft(t *testing.T) {
	r := labOf(t, 2, Default, gogc50)
	if _, known := r.TimeLeft(0, 1); known {
		t.Error("known before any run")
	}
	r.Add(Default, done(1, 10)) // took 10 s
	r.Add(gogc50, Run{Number: 1, Status: StatusFailed, Took: 1})
	for _, c := range []struct {
		underWay time.Duration
		atOnce   int
		want     time.Duration
	}{{0, 1, 20 * time.Second}, {4 * time.Second, 1, 16 * time.Second}, {0, 2, 10 * time.Second}, {time.Hour, 0, 0}} {
		if got, known := r.TimeLeft(c.underWay, c.atOnce); !known || got != c.want {
			t.Errorf("%v, %d at once: %v, want %v", c.underWay, c.atOnce, got, c.want)
		}
	}
}

// Before anything was measured the time to settle tells how long it takes at least: of
// two servers one and a half of it.
func TestLeastLeft(t *testing.T) {
	r := labOf(t, 2, Default, gogc50)
	r.Settle = int64(10 * time.Second)
	for _, c := range []struct {
		underWay        time.Duration
		atOnce, servers int
		want            time.Duration
	}{{0, 1, 1, 40 * time.Second}, {3 * time.Second, 1, 1, 37 * time.Second}, {0, 3, 1, 20 * time.Second}, {0, 1, 2, time.Minute}, {time.Hour, 1, 1, 0}} {
		r.Servers = c.servers
		if got, known := r.LeastLeft(c.underWay, c.atOnce); !known || got != c.want {
			t.Errorf("%+v: %v", c, got)
		}
	}
}
