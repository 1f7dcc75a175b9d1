package lab

import (
	"slices"
	"strings"
	"testing"
)

func TestRemarks(t *testing.T) {
	r := labOf(t, 2, Default, gogc50, disableTHP)
	r.Notes = []string{"lowered"}
	base, noted := done(1, 9).without(CPU, "stripped"), done(1, 9).without(CPU, "stripped")
	noted.Notes = []string{"lost some"}
	old := done(1, 9).without(CPU, "stripped")
	old.GoVersion = "go1.20.14"
	r.Add(Default, base)
	base.Number = 2
	r.Add(Default, base)
	r.Add(gogc50, noted)
	r.Add(gogc50, Run{Number: 2, Status: StatusFailed, Problem: "died"})
	r.Add(disableTHP, old)
	want := map[string][]string{
		"lowered": nil,
		"unknown: CPU of GC and scavenger: stripped": nil, // all rows
		"lost some":                     {"GOGC=50"},
		"measured in 1 of 2 runs: died": {"GOGC=50"},
		"measured in 1 of 2 runs":       {"GODEBUG=disablethp=1"},
		notIn(disableTHP, "go1.20.14"):  {"GODEBUG=disablethp=1"},
	}
	got := r.Remarks()
	if len(got) != len(want) || got[0].Text != "lowered" {
		t.Errorf("%d remarks: %+v", len(got), got)
	}
	for _, x := range got {
		if of, found := want[x.Text]; !found || !slices.Equal(of, x.Of) {
			t.Errorf("%q of %v, want of %v", x.Text, x.Of, of)
		}
	}
}

// Three runs of a setting say the same thing once, whatever their numbers.
func TestRemarksOfSeveralRuns(t *testing.T) {
	r := labOf(t, 2, Default, gogc50, gogc25)
	for id, notes := range map[string][]string{
		Default: {"lost 5 of 7.1 ms", "lost 12 of 10.25 ms"}, gogc50: {"lost 5 of 7.1 ms", "lost 5 of 7.1 s"}, gogc25: {"kept 3", "kept 3"},
	} {
		for i, note := range notes {
			run := done(i+1, 9)
			run.Notes = []string{note}
			r.Add(id, run)
		}
	}
	got := r.Remarks()
	want := []Remark{
		{"lost 5 of 7.1 ms; in other runs the numbers are others", []string{"default", "GOGC=50"}},
		{"lost 5 of 7.1 s", []string{"GOGC=50"}},
		{"kept 3", []string{"GOGC=25"}},
	}
	if !slices.EqualFunc(got, want, func(a, b Remark) bool { return a.Text == b.Text && slices.Equal(a.Of, b.Of) }) {
		t.Errorf("%+v, want %+v", got, want)
	}
}

// A load that is slower makes the area larger: that is told from a tenth on.
func TestRunsOfAnotherLength(t *testing.T) {
	for took, want := range map[int64]string{10e9: "", 11e9: "", 9e9: "", 12e9: "its runs took 12.0 s, the default's 10.0 s: ", 8e9: "its runs took 8.0 s, ", 0: ""} {
		r := labOf(t, 1, Default, gogc50)
		r.Add(Default, done(1, 100))
		run := done(1, 100)
		run.Took = took
		r.Add(gogc50, run)
		text := ""
		for _, x := range r.Remarks() {
			if strings.HasPrefix(x.Text, "its runs") {
				text = x.Text
			}
		}
		if !strings.HasPrefix(text, want) || (text == "") != (want == "") {
			t.Errorf("%d: %q, want %q", took, text, want)
		}
	}
}
