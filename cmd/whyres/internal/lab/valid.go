package lab

import (
	"errors"
	"fmt"
	"math"
	"regexp"
	"slices"
	"strconv"
)

// MaxRuns is how many runs of a setting may be asked for.
const MaxRuns = 100

// names are what IDs and recordings are called: they become names of files in the
// lab's folder, and of nothing outside of it.
const names = `^[a-z0-9][a-zA-Z0-9._-]{0,99}$`

// Valid tells whether a lab that was read from a file can be one; the error says
// what cannot be.
func (r *Result) Valid() error {
	switch {
	case r.Schema != Schema:
		return fmt.Errorf("no results of a lab: schema %s, want %s", strconv.Quote(r.Schema), Schema)
	case r.Runs < 1 || r.Runs > MaxRuns:
		return fmt.Errorf("%d runs of each setting: want 1 to %d", r.Runs, MaxRuns)
	case !slices.Contains(Goals(), r.Goal):
		return fmt.Errorf("no goal %s", strconv.Quote(string(r.Goal)))
	case r.Row(Default) == nil:
		return errors.New("the default setting is missing")
	}
	name, seen := regexp.MustCompile(names), map[string]bool{}
	for i := range r.Rows {
		row := &r.Rows[i]
		if !name.MatchString(row.ID) || seen[row.ID] {
			return fmt.Errorf("setting %s is no name, or there twice", strconv.Quote(row.ID))
		}
		seen[row.ID] = true
		if err := row.valid(r.Runs, name); err != nil {
			return fmt.Errorf("setting %s: %w", row.ID, err)
		}
	}
	return nil
}

func (w *Row) valid(runs int, name *regexp.Regexp) error {
	if !w.Status.known() {
		return fmt.Errorf("no state %s", strconv.Quote(string(w.Status)))
	}
	seen := map[int]bool{}
	for i := range w.Runs {
		run := &w.Runs[i]
		if run.Number < 1 || run.Number > runs || seen[run.Number] {
			return fmt.Errorf("run %d is none of %d, or there twice", run.Number, runs)
		}
		seen[run.Number] = true
		if !run.Status.known() {
			return fmt.Errorf("run %d: no state %s", run.Number, strconv.Quote(string(run.Status)))
		}
		for _, file := range run.Recordings {
			if !name.MatchString(file) {
				return fmt.Errorf("run %d: %s is no name of a recording", run.Number, strconv.Quote(file))
			}
		}
		if err := plausible(&run.Measures); err != nil {
			return fmt.Errorf("run %d: %w", run.Number, err)
		}
	}
	return nil
}

// plausible: no measure is negative, or more than any machine has.
func plausible(m *Measures[*float64]) error {
	for _, f := range Fields() {
		if v := *m.At(f); v != nil && !possible(*v) {
			return fmt.Errorf("%s is %g", f, *v)
		}
	}
	return nil
}

func possible(v float64) bool { return v >= 0 && v <= math.MaxInt64 }

func (s Status) known() bool {
	return slices.Contains([]Status{StatusDone, StatusFailed, StatusRefused, StatusSkipped, StatusPending}, s)
}
