package lab

import (
	"fmt"
	"slices"
	"strings"
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
	measured := 0
	for _, row := range r.inPlace() {
		if row.Status != StatusDone {
			continue
		}
		measured++
		for _, text := range row.remarks(r.Runs) {
			i := slices.IndexFunc(out, func(x Remark) bool { return x.Text == text && x.Of != nil })
			if i < 0 {
				i = len(out)
				out = append(out, Remark{Text: text})
			}
			out[i].Of = append(out[i].Of, row.Name)
		}
	}
	for i := range out {
		if measured > 1 && len(out[i].Of) == measured {
			out[i].Of = nil
		}
	}
	return out
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
		for _, text := range run.lacks() {
			add(text)
		}
		for _, note := range run.Notes {
			add(note)
		}
	}
	return out
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
