package timeline

import (
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"whyres/cmd/whyres/internal/lab"
	"whyres/collector/ledger"
	"whyres/collector/mem"
)

// labHead says what was tried, and on what.
func (p *printer) labHead(r *lab.Result) {
	if r.Scenario != "" {
		p.paragraph(toneHead, 0, glueUnits(clean(r.Scenario, 400)))
	}
	p.paragraph(tonePlain, 0, labClauses(r)...)
}

func labClauses(r *lab.Result) []string {
	var out []string
	if r.Host.Kernel != "" {
		out = append(out, "Linux"+glue+clean(r.Host.Kernel, 60))
	}
	for _, v := range r.GoVersions() {
		out = append(out, clean(v, 30))
	}
	out = append(out, labMachine(&r.Host)...)
	if r.Host.THP != "" {
		out = append(out, "THP"+glue+clean(r.Host.THP, 20))
	}
	if r.Servers > 1 {
		out = append(out, strconv.Itoa(r.Servers)+glue+"servers at a time")
	}
	out = append(out, plural(uint64(max(r.Runs, 0)), "run")+glue+"each")
	if r.Settle > 0 {
		out = append(out, "watched for "+span(time.Duration(r.Settle))+" after the burst")
	}
	if r.Quick {
		return append(out, "quick: GCs forced")
	}
	return append(out, "the runtime's own clocks")
}

// labMachine is what numbers of time depend on most.
func labMachine(h *mem.Host) []string {
	var out []string
	if h.CPUs > 0 {
		out = append(out, plural(uint64(h.CPUs), "CPU"))
	}
	if h.CPUModel != "" {
		out = append(out, clean(h.CPUModel, 60))
	}
	if h.MemTotal > 0 {
		out = append(out, glueUnits(ledger.Size(int64(min(h.MemTotal, math.MaxInt64))))+glue+"RAM")
	}
	return out
}

// labLegend explains the signs, and the columns that do not explain themselves.
func (p *printer) labLegend(r *lab.Result, columns []labColumn) {
	clauses := []string{
		signDown.String() + glue + "less, " + signUp.String() + glue + "more, =" + glue + "no difference beside the default: less is better",
	}
	several, least := false, false
	for i := range columns {
		c := &columns[i]
		if c.means != "" {
			clauses = append(clauses, c.means)
		}
		several = several || slices.ContainsFunc(r.Rows, func(w lab.Row) bool { return c.spread(&w).N > 1 })
		least = least || slices.ContainsFunc(r.Rows, func(w lab.Row) bool { return c.atLeast(&w) })
	}
	if several {
		clauses = append(clauses, "medians of the runs, ± half of how far these lie apart")
	}
	if least {
		clauses = append(clauses, "≥: at least")
	}
	if r.Best != "" {
		clauses = append(clauses, signHeld.String()+glue+r.Recommended())
	}
	p.paragraph(toneDim, labIndent, clauses...)
}

// labRemark is a note; a name of a row is quoted as it stands in the table.
func (p *printer) labRemark(x lab.Remark) {
	text := "note: " + glueUnits(clean(x.Text, 400))
	if len(x.Of) > 0 {
		names := make([]string, len(x.Of))
		for i, name := range x.Of {
			names[i] = strings.ReplaceAll(clean(name, 2*wLabName), " ", glue)
		}
		text += " (" + strings.Join(names, ", ") + ")"
	}
	p.paragraph(toneDim, labIndent, text)
}

func (p *printer) labRecommendation(r *lab.Result) {
	for i, sentence := range r.Recommendation {
		t := tonePlain
		if i == 0 {
			p.blank()
			t = toneHead
		}
		p.paragraph(t, labIndent, glueUnits(clean(sentence, 600)))
	}
}
