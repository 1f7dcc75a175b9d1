package report

import (
	"cmp"
	"fmt"
	"math"
	"strings"

	"whyres/collector/explain"
	"whyres/collector/ledger"
	"whyres/collector/mem"
)

// Table is one table of the page. The first columns, as many as Text, are words,
// the others numbers.
type Table struct {
	Title string
	Note  string
	Head  []string
	Text  int
	Rows  []TableRow
}

// TableRow is one line. Level is how far it stands to the right; Part is its share
// of the whole in per cent, for a bar, 0 for none.
type TableRow struct {
	Cells []string
	Level int
	Part  float64
	More  string // a sentence below
}

// Cause is one reason for a part of RES.
type Cause struct {
	explain.Cause
	Size, Share string
	Part        float64
}

func causesOf(v *explain.Verdict, words *Words) (out []Cause) {
	for _, c := range v.Causes {
		c.Evidence, c.Remedy, c.Ask = words.cleanAll(c.Evidence), words.cleanAll(c.Remedy), words.cleanAll(c.Ask)
		one := Cause{Cause: c, Size: ledger.Size(c.Bytes), Share: percent(c.Bytes, v.RES) + " of RES", Part: share(c.Bytes, v.RES)}
		if c.Bytes == 0 && c.Beside != 0 {
			one.Size, one.Share = ledger.Size(c.Beside), "not in RES"
		}
		out = append(out, one)
	}
	return out
}

func share(part, whole int64) float64 {
	if whole <= 0 {
		return 0
	}
	return min(max(100*float64(part)/float64(whole), 0), 100)
}

func (r *Recording) tables() []Table {
	var out []Table
	for _, t := range []Table{r.ledgerTable(), r.callsTable(), r.outcomesTable(), r.phasesTable(), r.forecastTable()} {
		if len(t.Rows) > 0 {
			out = append(out, t)
		}
	}
	return out
}

// ledgerTable is where RES was at the last full look.
func (r *Recording) ledgerTable() Table {
	v := &r.Verdict
	t := Table{Title: "Where RES was at the end", Head: []string{"part of RES", "bytes", "share"}, Text: 1}
	if ago := v.SampleAge; v.Trace != nil && ago >= 1e8 {
		t.Title = "Where RES was, " + span(ago) + " before the end"
	}
	for _, p := range v.Ledger {
		if p.Bytes == 0 {
			t.Note = "Parts of 0 bytes are left out."
			continue
		}
		t.Rows = append(t.Rows, TableRow{
			Cells: []string{r.words.Part(p), ledger.Size(p.Bytes), percent(p.Bytes, v.RES)},
			Level: strings.Count(p.ID, "."), Part: share(p.Bytes, v.RES), More: r.words.Clean(p.What, longestText),
		})
	}
	if len(t.Rows) > 0 {
		t.Rows = append(t.Rows, TableRow{Cells: []string{"RES", ledger.Size(v.RES), "100 %"}})
	}
	return t
}

// callsTable is what was called, by whom, and what it did to RES.
func (r *Recording) callsTable() Table {
	t := Table{
		Title: "Calls, by kind and caller", Head: []string{"call", "by", "calls", "failed", "asked", "left RES"}, Text: 2,
		Note: "Asked is the sum of the lengths; left RES is what the calls themselves took out of RES, negative where they added to it.",
	}
	for _, c := range r.Course.Calls {
		t.Rows = append(t.Rows, TableRow{Cells: []string{
			r.words.Clean(callName(c.Call, c.Advice), 60), r.words.Who(c.Who), ledger.Count(c.Calls), ledger.Count(c.Failed), ledger.Size(clamp(c.Asked)), ledger.Size(c.Attributed),
		}})
	}
	return t
}

// outcomesTable is what became of what was released.
func (r *Recording) outcomesTable() Table {
	t := Table{Title: "What became of what was given back", Head: []string{"outcome", "calls", "asked", "left RES", "taken again"}, Text: 1}
	if r.Verdict.Trace == nil {
		return t
	}
	for _, o := range r.Verdict.Outcomes {
		t.Rows = append(t.Rows, TableRow{Cells: []string{
			r.words.Clean(string(o.Why), 60), ledger.Count(o.Calls), ledger.Size(clamp(o.Asked)), ledger.Size(o.Left), ledger.Size(clamp(o.TakenAgain)),
		}})
	}
	return t
}

// phasesTable divides the trace in time.
func (r *Recording) phasesTable() Table {
	t := Table{
		Title: "Phases", Head: []string{"phase", "time", "RES from", "to", "GCs", "calls", "asked back", "left RES"}, Text: 1,
		Note: "Growth ends when RES first came near its peak; giving back ends when nine tenths of what was given back had gone for good.",
	}
	for _, p := range r.Course.Phases {
		t.Rows = append(t.Rows, TableRow{Cells: []string{
			p.Name, span(p.Duration), ledger.Size(p.RESStart), ledger.Size(p.RESEnd), ledger.Count(p.GCs), ledger.Count(p.Calls),
			ledger.Size(clamp(p.Asked)), ledger.Size(p.Attributed),
		}})
	}
	return t
}

// forecastTable is what was foretold, and how it held.
func (r *Recording) forecastTable() Table {
	t := Table{Title: "Forecasts, and how they held", Head: []string{"said at", "what", "outcome", "expected", "left RES"}, Text: 3}
	if f := r.Verdict.Forecasts; f != nil {
		t.Note = fmt.Sprintf("%d made: %d held, %d missed, %d were replaced before their time as the program did something else.", f.Made, f.Held, f.Missed, f.Revised)
	}
	for _, f := range r.data.Foretold {
		outcome, left := "missed", ledger.Size(f.Released)
		switch {
		case f.Open:
			outcome, left = "its time had not come", ""
		case f.Held:
			outcome = "held"
		case f.Early:
			outcome = "missed: it came sooner"
		}
		t.Rows = append(t.Rows, TableRow{Cells: []string{
			"+" + span(f.Made), "from +" + span(f.From) + " to +" + span(f.To), outcome, ledger.Size(f.Bytes), left,
		}, More: r.words.Clean(f.Why, longestText)})
	}
	return t
}

func clamp(v uint64) int64 { return int64(min(v, math.MaxInt64)) }

// callName is a call and its advice; one row of a full table has no names.
func callName(c mem.Call, advice string) string {
	return cmp.Or(strings.TrimSpace(string(c)+" "+strings.TrimPrefix(advice, "MADV_")), "other calls")
}
