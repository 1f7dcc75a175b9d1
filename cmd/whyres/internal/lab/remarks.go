package lab

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// Remark is something that is to be known of the numbers. Of are the names of the
// rows that it holds for; none is the whole lab.
type Remark struct {
	Text string
	Of   []string
}

// oneRun is to be known of signs and recommendations that rest on one run.
const oneRun = "one run of each setting shows no spread: a difference may be chance, and chance larger than it is taken for here (--runs 3 shows it)"

// Remarks are those of the lab itself, then what is unknown of rows and why, and
// what is not as it seems, each once.
func (r *Result) Remarks() []Remark {
	var out []Remark
	for _, note := range r.Notes {
		out = append(out, Remark{Text: note})
	}
	if text := r.inherits(); text != "" {
		out = append(out, Remark{Text: text})
	}
	if r.Runs == 1 && slices.ContainsFunc(r.Rows, func(w Row) bool { return w.Status == StatusDone }) {
		out = append(out, Remark{Text: oneRun})
	}
	return append(out, r.ofRows()...)
}

// ofRows are the remarks of the rows that were measured. Notes that differ in their
// numbers alone, as those of several runs do, are one, with the first's numbers.
func (r *Result) ofRows() []Remark {
	var out []Remark
	at, others := map[string]int{}, map[int]bool{}
	for _, row := range r.inPlace() {
		if row.Status != StatusDone {
			continue
		}
		for _, text := range append(row.remarks(r.Runs), r.otherLength(row)) {
			if text == "" {
				continue
			}
			key := text
			if row.noted(text) {
				key = numberless(text)
			}
			i, found := at[key]
			if !found {
				i = len(out)
				at[key], out = i, append(out, Remark{Text: text})
			}
			if !slices.Contains(out[i].Of, row.Name) {
				out[i].Of = append(out[i].Of, row.Name)
			}
			others[i] = others[i] || out[i].Text != text
		}
	}
	measured := r.measured()
	for i := range out {
		if others[i] {
			out[i].Text += "; in other runs the numbers are others"
		}
		if measured > 1 && len(out[i].Of) == measured {
			out[i].Of = nil
		}
	}
	return out
}

// noted: a text is a note of one of its runs.
func (w *Row) noted(text string) bool {
	return slices.ContainsFunc(w.Runs, func(run Run) bool { return slices.Contains(run.Notes, text) })
}

// numberless is a text with the same in place of each of its numbers.
func numberless(text string) string {
	return strings.Join(strings.FieldsFunc(text, func(r rune) bool { return r >= '0' && r <= '9' || r == '.' }), "#")
}

// remarks of a row that was measured, in so many runs if all had been.
func (w *Row) remarks(runs int) []string {
	var out []string
	add := func(text string) {
		if text != "" && !slices.Contains(out, text) {
			out = append(out, text)
		}
	}
	if n := w.done(); n < runs {
		text := fmt.Sprintf("measured in %d of %d runs", n, runs)
		if w.Problem != "" {
			text += ": " + w.Problem
		}
		add(text)
	}
	for i := range w.Runs {
		run := &w.Runs[i]
		if run.Status != StatusDone {
			continue
		}
		add(notIn(w.ID, run.GoVersion))
		add(run.Burst.lacks())
		add(run.coarseTimes())
		for _, text := range run.lacks() {
			add(text)
		}
		for _, note := range run.Notes {
			add(note)
		}
	}
	return out
}

// otherLength tells of runs that took a tenth longer or shorter than the default's:
// the area under RES is over all of a run.
func (r *Result) otherLength(w *Row) string {
	base := r.Row(Default)
	if base == nil || base == w {
		return ""
	}
	own, usual := w.took(), base.took()
	if own.N == 0 || usual.N == 0 || max(own.Median-usual.Median, usual.Median-own.Median) <= usual.Median/10 {
		return ""
	}
	return fmt.Sprintf("its runs took %s, the default's %s: the area under RES is over all of a run", duration(own.Median), duration(usual.Median))
}

// took is how long its runs were, in ns.
func (w *Row) took() Spread {
	var out []float64
	for i := range w.Runs {
		if w.Runs[i].Status == StatusDone && w.Runs[i].Took > 0 {
			out = append(out, float64(w.Runs[i].Took))
		}
	}
	return spreadOf(out)
}

// coarse is from where on it is said how far apart the readings of RES were.
const coarse = int64(time.Second)

func (r *Run) coarseTimes() string {
	if r.Within <= coarse {
		return ""
	}
	return "when half and nine tenths had gone is known to within " + duration(float64(r.Within)) + ": RES was not read in between"
}

// done is how many runs were measured.
func (w *Row) done() int {
	n := 0
	for i := range w.Runs {
		if w.Runs[i].Status == StatusDone {
			n++
		}
	}
	return n
}

// lacks says what is unknown, the fields of one reason together.
func (r *Run) lacks() []string {
	var reasons []string
	of := map[string][]string{}
	for _, f := range Fields() {
		if *r.Measures.At(f) != nil {
			continue
		}
		why := r.Unknown[f.ID()]
		if why == "" {
			why = "not measured"
		}
		if of[why] == nil {
			reasons = append(reasons, why)
		}
		of[why] = append(of[why], f.String())
	}
	out := make([]string, len(reasons))
	for i, why := range reasons {
		out[i] = "unknown: " + strings.Join(of[why], ", ") + ": " + why
	}
	return out
}
