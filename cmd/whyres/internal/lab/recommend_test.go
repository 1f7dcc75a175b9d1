package lab

import (
	"strings"
	"testing"
)

func TestRecommend(t *testing.T) {
	failed := Run{Number: 2, Status: StatusFailed, Problem: "died"}
	base := done(1, 100).with(LatencyP99, 3e6).with(CPU, 1e9)
	for name, c := range map[string]struct {
		goal  Goal
		runs  map[string][]Run
		best  string
		says  []string // in the sentences
		never []string
	}{
		"nothing yet":           {GoalRES, nil, "", nil, nil},
		"the default alone":     {GoalRES, map[string][]Run{Default: {base}}, "", nil, nil},
		"the default not":       {GoalRES, map[string][]Run{Default: {failed}, gogc50: {base}}, "", []string{"Nothing can be recommended", "died"}, nil},
		"its measure not":       {GoalRES, map[string][]Run{Default: {base.without(Area, "why not")}, gogc50: {base}}, "", []string{"area under RES", "why not"}, nil},
		"none better":           {GoalRES, map[string][]Run{Default: {base}, gogc50: {done(1, 99)}}, Default, []string{"as good as any", "--runs"}, nil},
		"better, for nothing":   {GoalRES, map[string][]Run{Default: {base}, gogc50: {done(1, 80).with(LatencyP99, 3e6)}}, gogc50, []string{"start it with GOGC=50", "80.0 MiB·min instead of 100.0 MiB·min (20 % less)", "One run of each shows nothing that it costs."}, []string{"price", "not known"}},
		"better, at a price":    {GoalRES, map[string][]Run{Default: {base}, freeOnce: {done(1, 50).with(LatencyP99, 6e6)}}, freeOnce, []string{"debug.FreeOSMemory once the burst is over", "Its price: latency p99 6.0 ms instead of 3.0 ms (100 % more)"}, nil},
		"its price unknown":     {GoalRES, map[string][]Run{Default: {base}, gogc50: {done(1, 80).without(CPU, "why")}}, gogc50, []string{"not known: CPU of GC and scavenger"}, nil},
		"the target failed":     {GoalRES, map[string][]Run{Default: {base}, gogc25: {done(1, 30), failed}, gogc50: {done(1, 80)}}, gogc50, nil, nil},
		"less, but it failed":   {GoalRES, map[string][]Run{Default: {base}, gogc25: {done(1, 30), failed}, gogc50: {done(1, 99)}}, Default, []string{"as good as any", "Less by that, but not recommended, as a run of it failed: GOGC=25."}, nil},
		"less, and no other":    {GoalRES, map[string][]Run{Default: {base}, gogc25: {done(1, 30), failed}}, "", []string{"Nothing can be recommended: no other setting", "GOGC=25."}, []string{"as good as"}},
		"more, and it failed":   {GoalRES, map[string][]Run{Default: {base}, gogc25: {done(1, 300), failed}}, "", []string{"Nothing can be recommended"}, []string{"Less by that"}},
		"none to compare":       {GoalCPU, map[string][]Run{Default: {base}, gogc50: {done(1, 80).without(CPU, "why")}}, "", []string{"no other setting could be held against the default by the CPU of GC and scavenger"}, []string{"as good as any"}},
		"as good, and cheaper":  {GoalRES, map[string][]Run{Default: {base}, gogc25: {done(1, 79.9).with(CPU, 9e9)}, gogc50: {done(1, 80).with(CPU, 3e9)}}, gogc50, nil, nil},
		"less sure":             {GoalRES, map[string][]Run{Default: {base, done(2, 101)}, gogc25: {done(1, 50).with(CPU, 9e9), done(2, 51).with(CPU, 9e9)}, gogc50: {done(1, 50), done(2, 70)}}, gogc25, nil, nil},
		"as good, as dear":      {GoalRES, map[string][]Run{Default: {base}, gogc25: {done(1, 79.9).with(CPU, 3e9)}, gogc50: {done(1, 80).with(CPU, 3e9)}}, gogc25, nil, nil},
		"soonest":               {GoalTime, map[string][]Run{Default: {base.with(NineTenths, 60e9)}, gogc25: {done(1, 30).with(NineTenths, 9e9)}, gogc50: {done(1, 120).with(NineTenths, 2e9)}}, gogc50, []string{"To have memory back soonest here", "2.0 s instead of 1m00s"}, nil},
		"two runs, no price":    {GoalRES, map[string][]Run{Default: {base, done(2, 100).with(LatencyP99, 3e6).with(CPU, 1e9)}, gogc50: {done(1, 80).with(LatencyP99, 3e6), done(2, 80).with(LatencyP99, 3e6)}}, gogc50, []string{"costs nothing that could be measured"}, nil},
		"many times":            {GoalRES, map[string][]Run{Default: {base}, gogc50: {done(1, 80).with(CPU, 102e9).with(LatencyP99, 9e6)}}, gogc50, []string{"(102 times as much)", "(3.0 times as much)"}, []string{"% more"}},
		"as good, for less":     {GoalRES, map[string][]Run{Default: {base}, gogc25: {done(1, 79.9).with(CPU, 3e9)}, gogc50: {done(1, 80)}}, gogc50, nil, nil},
		"known prices before":   {GoalRES, map[string][]Run{Default: {base}, gogc25: {done(1, 79.9).without(CPU, "why").without(Rest, "why")}, gogc50: {done(1, 80).with(CPU, 3e9)}}, gogc50, nil, nil},
		"more refaulted":        {GoalRES, map[string][]Run{Default: {base.with(Refaulted, 1e8)}, gogc50: {done(1, 80).with(Refaulted, 9e8)}}, gogc50, []string{"; taken again 858.3 MiB instead of"}, nil},
		"one run":               {GoalRES, map[string][]Run{Default: {base}, gogc50: {done(1, 80)}}, gogc50, []string{"in one run the area"}, nil},
		"two runs":              {GoalRES, map[string][]Run{Default: {base, done(2, 100)}, gogc50: {done(1, 80), done(2, 80)}}, gogc50, nil, []string{"in one run"}},
		"latency":               {GoalLatency, map[string][]Run{Default: {base}, gogc25: {done(1, 30).with(LatencyP99, 5e6)}, gogc50: {done(1, 120).with(LatencyP99, 1.9e6)}}, gogc50, []string{"waits of small pulses", "peak RES 120.0 MiB instead of 100.0 MiB (20 % more)"}, nil},
		"CPU":                   {GoalCPU, map[string][]Run{Default: {base}, gogc50: {done(1, 100).with(CPU, 0.5e9)}}, gogc50, []string{"least CPU", "500 ms instead of 1.0 s (50 % less)"}, nil},
		"within the default's":  {GoalRES, map[string][]Run{Default: {base, done(2, 70)}, gogc50: {done(1, 80)}}, Default, []string{"as good as any"}, []string{"--runs"}},
		"more at rest is price": {GoalRES, map[string][]Run{Default: {base.with(Rest, 10*float64(mib))}, gogc50: {done(1, 80).with(Rest, 20*float64(mib))}}, gogc50, []string{"Its price: RES at rest 20.0 MiB instead of 10.0 MiB"}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			r := labOf(t, 2, Default, gogc50, gogc25, freeOnce)
			r.Goal = c.goal
			for id, runs := range c.runs {
				for _, run := range runs {
					r.Add(id, run)
				}
			}
			text := strings.Join(r.Recommendation, "\n")
			if r.Best != c.best || len(r.Recommendation) > 2 {
				t.Errorf("best %q, want %q:\n%s", r.Best, c.best, text)
			}
			for _, say := range c.says {
				if !strings.Contains(text, say) {
					t.Errorf("no %q in\n%s", say, text)
				}
			}
			for _, say := range c.never {
				if strings.Contains(text, say) {
					t.Errorf("%q in\n%s", say, text)
				}
			}
		})
	}
}

// What holds for the whole host, and what takes another build, is said.
func TestAdvice(t *testing.T) {
	o := all()
	o.THP, o.Go = []string{"never"}, []string{"1.27"}
	settings, err := Settings(o)
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]string{"thp-never": "whole host", "go1.27": "build with go1.27", freeOften: "every 30s", gcOnce: "runtime.GC once", limitLargeOff: "GOGC=off"}
	for _, row := range Rows(settings) {
		if say := want[row.ID]; say != "" && !strings.Contains(row.advice(), say) {
			t.Errorf("%s: %q, want %q", row.ID, row.advice(), say)
		}
	}
}
