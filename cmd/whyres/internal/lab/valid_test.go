package lab

import (
	"encoding/json"
	"strings"
	"testing"
)

func TestValid(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*Result)
		want   string // "": valid
	}{
		"as it is":         {func(*Result) {}, ""},
		"another schema":   {func(r *Result) { r.Schema = "whyres/record/1" }, "schema"},
		"no runs":          {func(r *Result) { r.Runs = 0 }, "runs"},
		"many runs":        {func(r *Result) { r.Runs = 1 << 30 }, "runs"},
		"no goal":          {func(r *Result) { r.Goal = "best" }, "goal"},
		"no default":       {func(r *Result) { r.Rows = r.Rows[1:] }, "default"},
		"a path":           {func(r *Result) { r.Rows[1].ID = "../x" }, `"../x"`},
		"twice":            {func(r *Result) { r.Rows[1].ID = Default }, "twice"},
		"no state":         {func(r *Result) { r.Rows[1].Status = "well" }, "well"},
		"run beyond":       {func(r *Result) { r.Rows[0].Runs[0].Number = 3 }, "run 3"},
		"run twice":        {func(r *Result) { r.Rows[0].Runs = append(r.Rows[0].Runs, done(1, 1)) }, "twice"},
		"a run's state":    {func(r *Result) { r.Rows[0].Runs[0].Status = "" }, "state"},
		"a recording":      {func(r *Result) { r.Rows[0].Runs[0].Recordings = []string{"/etc/passwd"} }, "passwd"},
		"its own":          {func(r *Result) { r.Rows[0].Runs[0].Recordings = []string{"go1.16-1.whyres.zst"} }, ""},
		"a negative size":  {func(r *Result) { r.Rows[0].Runs[0].Measures.Peak = ptr(-1) }, "peak RES"},
		"a size too large": {func(r *Result) { r.Rows[0].Runs[0].Measures.Area = ptr(1e300) }, "area"},
	} {
		r := labOf(t, 2, Default, gogc50)
		r.Add(Default, done(1, 9))
		c.change(r)
		if err := r.Valid(); (err == nil) != (c.want == "") || err != nil && !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", name, err, c.want)
		}
	}
}

// A lab that was written and read again is the same lab: so a resumed one goes on as
// if it had never stopped.
func TestResultSurvivesItsFile(t *testing.T) {
	r := labOf(t, 2)
	r.Add(Default, done(1, 100))
	r.Add(gogc50, done(1, 80).without(CPU, "stripped"))
	r.Add(gogc25, Run{Number: 1, Status: StatusFailed, Problem: "died"})
	text, err := json.Marshal(r)
	if err != nil {
		t.Fatal(err)
	}
	var again Result
	if err := json.Unmarshal(text, &again); err != nil {
		t.Fatal(err)
	}
	if err := again.Valid(); err != nil {
		t.Fatal(err)
	}
	again.Judge()
	if second, err := json.Marshal(&again); err != nil || string(second) != string(text) {
		t.Errorf("%v\n%s\nwas\n%s", err, second, text)
	}
	if got, want := strings.Join(stepNames(again.Plan()), ", "), strings.Join(stepNames(r.Plan()), ", "); got != want {
		t.Errorf("left: %s, want %s", got, want)
	}
}

// A results file is input: what is valid can be judged and written.
func FuzzResult(f *testing.F) {
	r := labOf(f, 2, Default, gogc50, limitSmall)
	r.Add(Default, done(1, 100))
	text, err := json.Marshal(r)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(text)
	f.Add([]byte(`{"schema":"whyres/lab/1","runs":1,"goal":"cpu","settings":[{"id":"default","status":"done","runs":null}]}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		var r Result
		if json.Unmarshal(text, &r) != nil || r.Valid() != nil {
			return
		}
		r.Judge()
		r.Plan()
		if out := markdown(t, &r); strings.ContainsAny(out, "\x1b\x00") {
			t.Errorf("%q", out)
		}
	})
}
