package lab

import "testing"

// labOf is a lab of these settings without a run.
func labOf(t testing.TB, runs int, ids ...string) *Result {
	t.Helper()
	o := all()
	o.Only = ids
	settings, err := Settings(o)
	if err != nil {
		t.Fatal(err)
	}
	return &Result{Schema: Schema, Runs: runs, Servers: 1, Goal: GoalRES, Rows: Rows(settings)}
}

func ptr(v float64) *float64 { return &v }

// done is a measured run with a peak of so many MiB, and an area of so many MiB
// minutes.
func done(number int, peak float64) Run {
	r := Run{Number: number, Status: StatusDone, Took: 10e9, GoVersion: "go1.26.8"}
	for _, f := range Fields() {
		*r.Measures.At(f) = ptr(1e9)
	}
	r.Measures.Peak = ptr(peak * float64(mib))
	r.Measures.Area = ptr(peak * float64(mib) * 60)
	return r
}

// with changes a measure.
func (r Run) with(f Field, value float64) Run {
	*r.Measures.At(f) = ptr(value)
	return r
}

// without makes it unknown.
func (r Run) without(f Field, why string) Run {
	*r.Measures.At(f) = nil
	r.Unknown = map[string]string{f.ID(): why}
	return r
}
