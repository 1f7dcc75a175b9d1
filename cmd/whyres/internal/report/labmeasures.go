package report

import (
	"fmt"
	"strings"

	"whyres/cmd/whyres/internal/lab"
	"whyres/collector/ledger"
)

// measure is one of a lab's measures, in words.
type measure struct {
	id, name, short, what, unit string
	spread                      func(*lab.Row) lab.Spread
	against                     func(*lab.Row) *int
}

// measures are what the page compares, the first ones in its table.
func measures() []measure {
	of := func(id, name, short, what, unit string, spread func(*lab.Measures[lab.Spread]) lab.Spread, against func(*lab.Measures[*int]) *int) measure {
		return measure{
			id, name, short, what, unit,
			func(r *lab.Row) lab.Spread { return spread(&r.Measures) }, func(r *lab.Row) *int { return against(&r.Against) },
		}
	}
	type s = lab.Measures[lab.Spread]
	type a = lab.Measures[*int]
	return []measure{
		of("res_peak", "Peak RES", "peak", "the highest RES of the run", "bytes", func(m *s) lab.Spread { return m.Peak }, func(m *a) *int { return m.Peak }),
		of("res_rest", "RES at rest", "at rest", "the last reading of the run", "bytes", func(m *s) lab.Spread { return m.Rest }, func(m *a) *int { return m.Rest }),
		of("half_ns", "Half given back after", "half after", "from the burst's end until half of what was given back had gone", "ns", func(m *s) lab.Spread { return m.Half }, func(m *a) *int { return m.Half }),
		of("nine_tenths_ns", "Nine tenths given back after", "nine tenths", "from the burst's end until nine tenths of it had gone", "ns", func(m *s) lab.Spread { return m.NineTenths }, func(m *a) *int { return m.NineTenths }),
		of("area_byte_seconds", "Area under RES", "area", "what neighbours on the box pay: RES summed over the run's time", "byte_seconds", func(m *s) lab.Spread { return m.Area }, func(m *a) *int { return m.Area }),
		of("gc_and_scavenge_cpu_ns", "CPU of GC and scavenger", "GC + scavenger CPU", "time of one CPU that the runtime used for both", "ns", func(m *s) lab.Spread { return m.CPU }, func(m *a) *int { return m.CPU }),
		of("latency_p50_ns", "Latency, median", "p50", "of the small pulses after the burst, from dial to answer", "ns", func(m *s) lab.Spread { return m.LatencyP50 }, func(m *a) *int { return m.LatencyP50 }),
		of("latency_p99_ns", "Latency, slowest in a hundred", "p99", "of the small pulses after the burst: what giving back costs", "ns", func(m *s) lab.Spread { return m.LatencyP99 }, func(m *a) *int { return m.LatencyP99 }),
		of("refaulted", "Taken again", "taken again", "bytes that had been released and were resident again", "bytes", func(m *s) lab.Spread { return m.Refaulted }, func(m *a) *int { return m.Refaulted }),
	}
}

func labTable(r *lab.Result, words *Words) Table {
	t := Table{Head: []string{"setting"}, Text: 1}
	all := measures()
	for _, m := range all {
		t.Head = append(t.Head, m.short)
	}
	for i := range r.Rows {
		row := &r.Rows[i]
		if !measured(row) {
			continue
		}
		cells := []string{words.Clean(row.Name, 80)}
		for _, m := range all {
			cells = append(cells, m.text(row))
		}
		t.Rows = append(t.Rows, TableRow{Cells: cells})
	}
	return t
}

func measured(row *lab.Row) bool {
	for _, m := range measures() {
		if m.spread(row).N > 0 {
			return true
		}
	}
	return false
}

// text is a median with its mark beside the default setting, and its spread below.
func (m *measure) text(row *lab.Row) string {
	s := m.spread(row)
	if s.N == 0 {
		return "unknown"
	}
	text := m.number(s.Median)
	if sign := m.against(row); sign != nil && row.ID != "default" {
		text += " " + markOf(*sign)
	}
	if s.N > 1 {
		text += "\n" + between(m.number(s.Min), m.number(s.Max))
	}
	return text
}

// between says a unit that both have once.
func between(least, most string) string {
	number, unit, _ := strings.Cut(least, " ")
	if strings.HasSuffix(most, " "+unit) {
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

func (m *measure) number(v float64) string {
	switch m.unit {
	case "ns":
		return span(int64(v))
	case "byte_seconds":
		return fmt.Sprintf("%.1f MiB·min", v/(1<<20)/60)
	}
	return ledger.Size(int64(v))
}

func labBars(r *lab.Result, words *Words) labData {
	out := labData{Measures: []labMeasure{}}
	for _, m := range measures() {
		one := labMeasure{ID: m.id, Name: m.name, What: m.what, Unit: m.unit}
		for i := range r.Rows {
			if s := m.spread(&r.Rows[i]); s.N > 0 {
				one.Rows = append(one.Rows, labBar{words.Clean(r.Rows[i].Name, 80), s.Median, s.Min, s.Max, s.N})
			}
		}
		if len(one.Rows) > 0 {
			out.Measures = append(out.Measures, one)
		}
	}
	return out
}
