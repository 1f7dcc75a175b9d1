package report

import (
	"strings"

	"whyres/cmd/whyres/internal/lab"
)

// labFields are the measures that are compared, those of the table first.
func labFields() []lab.Field {
	return []lab.Field{
		lab.Peak, lab.Rest, lab.Half, lab.NineTenths, lab.Area, lab.CPU, lab.ProcessCPU, lab.LatencyP50, lab.LatencyP99, lab.Refaulted, lab.Faults,
	}
}

func labTable(r *lab.Result, words *Words) Table {
	t := Table{Head: []string{"setting"}, Text: 1}
	for _, f := range labFields() {
		t.Head = append(t.Head, f.String())
	}
	for i := range r.Rows {
		row := &r.Rows[i]
		if row.Status != lab.StatusDone {
			continue
		}
		name := words.Clean(row.Name, 80)
		if row.ID == r.Best {
			name = "★ " + name
		}
		cells := []string{name}
		for _, f := range labFields() {
			cells = append(cells, labText(row, f))
		}
		t.Rows = append(t.Rows, TableRow{Cells: cells})
	}
	return t
}

// labText is a median with its mark beside the default setting, and its spread below.
func labText(row *lab.Row, f lab.Field) string {
	s := *row.Measures.At(f)
	if s.N == 0 {
		return "unknown"
	}
	text := labNumber(row, f, s.Median)
	if sign := *row.Against.At(f); sign != nil && row.ID != lab.Default {
		text += " " + markOf(*sign)
	}
	if s.N > 1 {
		text += "\n" + between(f.Unit().Text(s.Min), f.Unit().Text(s.Max))
	}
	return text
}

// labNumber says where it may be more.
func labNumber(row *lab.Row, f lab.Field, v float64) string {
	if row.AtLeast(f) {
		return "≥ " + f.Unit().Text(v)
	}
	return f.Unit().Text(v)
}

// between says a unit that both have once.
func between(least, most string) string {
	number, unit, found := strings.Cut(least, " ")
	if found && strings.HasSuffix(most, " "+unit) {
		least = number
	}
	return least + " to " + most
}

func markOf(sign int) string {
	switch {
	case sign < 0:
		return "▼"
	case sign > 0:
		return "▲"
	}
	return "="
}

func labBars(r *lab.Result, words *Words) labData {
	out := labData{Measures: []labMeasure{}}
	for _, f := range labFields() {
		one := labMeasure{ID: f.ID(), Name: f.String(), What: lab.MeasureHelp()[f].What, Unit: unitOf(f)}
		var best lab.Spread
		for i := range r.Rows {
			if s := *r.Rows[i].Measures.At(f); s.N > 0 && r.Rows[i].Whole() && !r.Rows[i].AtLeast(f) && (best.N == 0 || s.Median < best.Median) {
				best = s
			}
		}
		for i := range r.Rows {
			row := &r.Rows[i]
			if s := *row.Measures.At(f); s.N > 0 {
				least := row.AtLeast(f)
				one.Rows = append(one.Rows, labBar{
					Name: words.Clean(row.Name, 80), Text: labNumber(row, f, s.Median), Median: s.Median, Min: s.Min, Max: s.Max,
					Good: !least && row.Whole() && lab.Alike(f, s, best), AtLeast: least,
				})
			}
		}
		if len(one.Rows) > 0 {
			out.Measures = append(out.Measures, one)
		}
	}
	return out
}

// unitOf is the unit of an axis.
func unitOf(f lab.Field) string {
	switch f.Unit() {
	case lab.Bytes:
		return "bytes"
	case lab.ByteSeconds:
		return "byte_seconds"
	case lab.Count:
		return "count"
	case lab.After, lab.CPUTime, lab.Latency:
	}
	return "ns"
}
