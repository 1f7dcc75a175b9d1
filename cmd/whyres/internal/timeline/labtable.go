package timeline

import (
	"io"
	"strings"

	"whyres/cmd/whyres/internal/lab"
)

// WriteLab prints a lab: what was tried on what, a row a setting, what is to be
// known of the numbers, and the recommendation.
func WriteLab(w io.Writer, o Options, r *lab.Result) error {
	p := newPrinter(o)
	p.labHead(r)
	p.labLegend(r, p.labTable(r))
	for _, remark := range r.Remarks() {
		p.labRemark(remark)
	}
	p.labRecommendation(r)
	return p.copyTo(w)
}

// labTable is the table; it returns the columns that it shows.
func (p *printer) labTable(r *lab.Result) []labColumn {
	columns, name := fitLab(labColumns(r.Servers), p.options.Width)
	for i := range columns {
		columns[i].settle(r.Rows)
	}
	p.line(labNames(columns, name, 0)...)
	p.line(labNames(columns, name, 1)...)
	for i := range r.Rows {
		p.labRow(r, &r.Rows[i], columns, name)
	}
	return columns
}

// labNames is one of the two lines over the columns.
func labNames(columns []labColumn, name, line int) []piece {
	text := strings.Repeat(" ", labIndent)
	setting := ""
	if line == 1 {
		setting = "setting"
	}
	text += left(setting, name)
	for i := range columns {
		c := &columns[i]
		text += left(right(c.head[line], 1+wLabNumber), c.wide)
	}
	return []piece{{toneHead, text}}
}

func (p *printer) labRow(r *lab.Result, w *lab.Row, columns []labColumn, name int) {
	mark, t := strings.Repeat(" ", labIndent), tonePlain
	if w.ID == r.Best {
		mark, t = signHeld.String()+strings.Repeat(" ", labIndent-1), toneHead
	}
	out := []piece{{toneReturn, mark}, {t, left(clean(w.Name, name-1), name)}}
	if w.Status != lab.StatusDone {
		p.labProblem(out, w, name)
		return
	}
	for i := range columns {
		out = append(out, columns[i].cell(w)...)
	}
	p.line(out...)
	p.labSpread(w, columns, name)
}

// cell is a value with the sign of how it compares.
func (c *labColumn) cell(w *lab.Row) []piece {
	s := c.spread(w)
	if s.N == 0 {
		return []piece{{toneDim, left(right("?", 1+wLabNumber), c.wide)}}
	}
	text := c.text(s.Median)
	if c.atLeast(w) {
		text = "≥" + text
	}
	value := piece{tonePlain, right(text, 1+wLabNumber)}
	if !c.marked() {
		return []piece{value}
	}
	sign, t := " ", tonePlain
	if against := *w.Against.At(c.field); against != nil && w.ID != lab.Default {
		sign, t = labSign(*against)
	}
	return []piece{value, {t, " " + sign}}
}

func labSign(against int) (string, tone) {
	switch {
	case against < 0:
		return signDown.String(), toneReturn
	case against > 0:
		return signUp.String(), toneGrow
	}
	return "=", toneDim
}

// labSpread is a line below a row that has several runs: how far they lie apart.
func (p *printer) labSpread(w *lab.Row, columns []labColumn, name int) {
	out := []piece{{tonePlain, strings.Repeat(" ", labIndent+name)}}
	some := false
	for i := range columns {
		c, text := &columns[i], ""
		if s := c.spread(w); s.N > 1 {
			text, some = c.around(s), true
		}
		out = append(out, piece{toneDim, left(right(text, 1+wLabNumber), c.wide)})
	}
	if some {
		p.line(out...)
	}
}

// labProblem says in place of numbers why there are none.
func (p *printer) labProblem(row []piece, w *lab.Row, name int) {
	t := toneDim
	if w.Status == lab.StatusFailed || w.Status == lab.StatusRefused {
		t = toneTrouble
	}
	text := labState(w)
	lines, indent := []string{text}, labIndent+name+2
	if limit := p.options.Width; limit > 0 {
		lines = wrapClauses([]string{text}, max(limit-indent, 16))
	}
	p.line(append(row, piece{t, "  " + lines[0]})...)
	for _, line := range lines[1:] {
		p.line(piece{t, strings.Repeat(" ", indent) + line})
	}
}

func labState(w *lab.Row) string {
	state := clean(string(w.Status), 20)
	if w.Status == lab.StatusPending {
		state = "not run yet"
	}
	if w.Problem == "" {
		return state
	}
	return state + ": " + clean(w.Problem, 200)
}
