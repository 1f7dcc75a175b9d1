package report

import (
	"fmt"
	"slices"
	"strings"

	"whyres/cmd/whyres/internal/lab"
	"whyres/collector/ledger"
)

// Lab is what a page says of a lab.
type Lab struct {
	Heading        string
	Where          string
	Recommendation []string
	TableNote      string
	Table          Table
	Together       *Table // of several servers
	Problems       *Table
	Notes          []string

	data labData
}

// labData is what the bars are drawn from.
type labData struct {
	Measures []labMeasure `json:"measures"`
}

type labMeasure struct {
	ID   string   `json:"id"`
	Name string   `json:"name"`
	What string   `json:"what"`
	Unit string   `json:"unit"` // bytes, ns, byte_seconds, count
	Rows []labBar `json:"rows"`
}

// labBar is a setting's median, in words and as a number, and its spread. Good: it is
// the best, or differs from that by no more than chance. AtLeast: it may be more, and
// is never good.
type labBar struct {
	Name   string  `json:"name"`
	Text   string  `json:"text"`
	Median float64 `json:"median"`
	Min    float64 `json:"min"`
	Max    float64 `json:"max"`
	Good   bool    `json:"good"`

	AtLeast bool `json:"at_least"`
}

// NewLab makes the comparison of a lab's result, which may be unfinished.
func NewLab(r *lab.Result, words *Words) *Lab {
	out := &Lab{Heading: "Lab: which settings give memory back, and at what price", Where: where(r, words), TableNote: tableNote(r)}
	for _, s := range r.Recommendation {
		out.Recommendation = append(out.Recommendation, words.Clean(s, 1000))
	}
	for _, remark := range r.Remarks() {
		text := remark.Text
		if len(remark.Of) > 0 {
			text = strings.Join(remark.Of, ", ") + ": " + text
		}
		out.Notes = append(out.Notes, words.Clean(text, longestText))
	}
	out.Table = labTable(r, words)
	out.data = labBars(r, words)
	if t := together(r, words); len(t.Rows) > 0 {
		out.Together = &t
	}
	if t := problems(r, words); len(t.Rows) > 0 {
		out.Problems = &t
	}
	return out
}

func where(r *lab.Result, words *Words) string {
	parts := []string{words.Clean(r.Scenario, 300)}
	for _, part := range r.Machine() {
		parts = append(parts, words.Clean(part, 80))
	}
	if !r.Time.IsZero() {
		parts = append(parts, r.Time.Format("2006-01-02 15:04 MST"))
	}
	return strings.Join(slices.DeleteFunc(parts, func(s string) bool { return s == "" }), " · ")
}

func tableNote(r *lab.Result) string {
	clock := "the runtime's own clocks ran"
	if r.Quick {
		clock = "the GCs were forced"
	}
	runs := fmt.Sprintf("medians of %d runs each", r.Runs)
	if r.Runs == 1 {
		runs = "one run each, so that small differences may be chance"
	}
	return fmt.Sprintf("Best first for the goal %s; %s, watched for %s after the burst; %s. ▼ less and ▲ more than the default setting beyond the spread of the runs and chance, = no difference; ★ %s.",
		r.Goal, runs, span(r.Settle), clock, r.Recommended())
}

// together is what several servers took at once, run by run.
func together(r *lab.Result, words *Words) Table {
	t := Table{Head: []string{"setting", "peak of the sum", "sum of the peaks", "less by"}, Text: 1}
	for i := range r.Rows {
		for _, run := range r.Rows[i].Runs {
			if b := run.Together; b != nil {
				t.Rows = append(t.Rows, TableRow{Cells: []string{
					fmt.Sprintf("%s, run %d", words.Clean(r.Rows[i].Name, 80), run.Number), ledger.Size(b.PeakOfSum), ledger.Size(b.SumOfPeaks),
					percent(b.SumOfPeaks-b.PeakOfSum, b.SumOfPeaks),
				}})
			}
		}
	}
	return t
}

// problems are the settings and runs that were not measured.
func problems(r *lab.Result, words *Words) Table {
	t := Table{Head: []string{"setting", "state", "why"}, Text: 3}
	for i := range r.Rows {
		row := &r.Rows[i]
		if row.Status != lab.StatusDone {
			t.Rows = append(t.Rows, TableRow{Cells: []string{words.Clean(row.Name, 80), words.Clean(string(row.Status), 20), words.Clean(row.Problem, 400)}})
		}
		for _, run := range row.Runs {
			told := row.Status != lab.StatusDone && run.Problem == row.Problem
			if run.Status != lab.StatusDone && !told {
				t.Rows = append(t.Rows, TableRow{Cells: []string{
					fmt.Sprintf("%s, run %d", words.Clean(row.Name, 80), run.Number), words.Clean(string(run.Status), 20), words.Clean(run.Problem, 400),
				}})
			}
		}
	}
	return t
}
