package timeline

import (
	"bytes"
	"slices"
	"strconv"
	"strings"
	"time"

	"whyres/collector/ledger"
	"whyres/collector/mem"
)

// printer lays rows out into lines and gathers them.
type printer struct {
	options Options
	layout  layout
	paint   painter
	out     bytes.Buffer
	missing []string // what the header said is not seen
}

func newPrinter(o Options) *printer {
	o.Width = max(o.Width, 0)
	return &printer{options: o, layout: newLayout(o.Width, true), paint: newPainter(o)}
}

// line adds one line.
func (p *printer) line(pieces ...piece) {
	p.out.WriteString(p.paint.line(pieces))
	p.out.WriteByte('\n')
}

// paragraph adds clauses, wrapped, each line after the indent.
func (p *printer) paragraph(t tone, indent int, clauses ...string) {
	w := p.options.Width
	if w > 0 {
		w = max(w-indent, 8)
	}
	for _, line := range wrapClauses(clauses, w) {
		p.line(piece{t, strings.Repeat(" ", indent) + line})
	}
}

// header tells whose timeline this is, and what it cannot show.
func (p *printer) header(h *mem.Header) {
	p.layout = newLayout(p.options.Width, h.Process.GoVersion != "")
	p.paragraph(toneHead, 0, headline(h)...)
	p.missing = slices.Clone(h.Missing)
	for _, missing := range h.Missing {
		p.paragraph(toneDim, 4, "not seen: "+clean(missing, 400))
	}
	legend := []string{"sizes in MiB"}
	if p.layout.idle {
		legend = append(legend, idleLegend)
	}
	p.paragraph(toneDim, 4, legend...)
	p.line(p.layout.head()...)
}

const idleLegend = "idle: free in the heap and not released"

// headline is the first line, in clauses.
func headline(h *mem.Header) []string {
	goVersion := "not Go"
	if h.Process.GoVersion != "" {
		goVersion = clean(h.Process.GoVersion, 40)
	}
	parts := []string{clean(h.Process.Comm, 40), "pid" + glue + strconv.Itoa(h.Process.PID), goVersion}
	if h.Host.Kernel != "" {
		parts = append(parts, "Linux"+glue+clean(h.Host.Kernel, 60))
	}
	if h.Host.THP != "" {
		parts = append(parts, "THP"+glue+clean(h.Host.THP, 20))
	}
	if h.Children {
		parts = append(parts, "with its children")
	}
	return parts
}

// row adds one row, and the heads of the columns anew where an exec changed
// which there are.
func (p *printer) row(r row) {
	p.cells(r)
	if r.program == nil {
		return
	}
	had := p.layout.idle
	p.layout = newLayout(p.options.Width, r.program.GoVersion != "")
	p.paragraph(toneHead, 0, headline(&mem.Header{Process: *r.program})...)
	if p.layout.idle && !had {
		p.paragraph(toneDim, 4, idleLegend)
	}
	p.line(p.layout.head()...)
}

func (p *printer) cells(r row) {
	l := p.layout
	pieces := l.columns(&r)
	head := "  " + r.sign.String() + " " + left(r.word+" ", l.word)
	if l.below {
		p.line(append(pieces, piece{r.tone, head})...)
		if len(r.text) > 0 {
			p.paragraph(textTone(r.tone), belowIndent, texts(r.text, true)...)
		}
		p.stack(r.stack)
		return
	}
	w := 0
	if l.width > 0 {
		w = max(l.width-l.text-max(width(r.word)+1-l.word, 0), 8)
	}
	for i, line := range fit(r.text, w) {
		if i == 0 {
			p.line(append(pieces, piece{r.tone, head}, piece{textTone(r.tone), line})...)
			continue
		}
		p.line(piece{textTone(r.tone), strings.Repeat(" ", l.text) + line})
	}
	p.stack(r.stack)
}

// stack adds the callers of a single call, the innermost first.
func (p *printer) stack(names []string) {
	if len(names) > 0 {
		p.paragraph(toneDim, p.layout.text, "by "+strings.Join(names, " < "))
	}
}

// textTone is the tone of a row's text: the sign and the word carry the colour.
func textTone(t tone) tone {
	if t == toneDim {
		return toneDim
	}
	return tonePlain
}

// summary says how long the trace was, and how RES went.
func (p *printer) summary(t *totals) {
	if t.resKnown {
		p.paragraph(tonePlain, 4, span(t.end.Sub(t.begun)),
			"RES"+glue+amount(t.firstRES)+glue+"to"+glue+size(t.lastRES), "peak"+glue+amount(t.peak),
			plural(t.gcs, "GC"))
	}
}

// releases adds what was given back, where no verdict says it.
func (p *printer) releases(t *totals) {
	if t.sees {
		p.paragraph(tonePlain, 4, t.releasesText()...)
	}
}

// footer adds what was left out, and what whyres itself missed and cost.
func (p *printer) footer(t *totals, cpu time.Duration) {
	if t.others > 0 {
		p.paragraph(toneDim, 4, plural(t.others, "call")+" of other processes, not in these sums")
	}
	if t.folded > 0 {
		p.paragraph(toneDim, 4, plural(t.folded, "small call")+" not shown; -v shows them")
	}
	lost := piece{toneDim, "lost events 0"}
	if t.lost > 0 {
		lost = piece{toneTrouble, "! lost events " + ledger.Count(t.lost)}
	}
	clauses := []string{lost.text}
	if !t.sees {
		lost, clauses = piece{tone: toneDim}, []string{"calls were not traced"}
	}
	if t.sees && t.skipped > 0 {
		clauses = append(clauses, "the kernel skipped "+plural(t.skipped, "run")+" of the programs, of any process")
	}
	if cpu > 0 {
		clauses = append(clauses, "whyres used "+span(cpu)+" of CPU in "+span(t.end.Sub(t.begun)))
	}
	p.paragraph(lost.tone, 4, clauses...)
}

// releasesText is what was asked, what left, by whom, and what came back.
func (t *totals) releasesText() []string {
	if t.releases == 0 {
		return []string{"nothing was given back"}
	}
	out := []string{
		"asked" + glue + size(clampInt(t.asked)) + " in " + plural(t.releases, "call"),
		"left" + glue + "RES" + glue + amount(t.left),
	}
	if t.lazy > 0 {
		out = append(out, "offered lazily"+glue+amount(clampInt(t.lazy)))
	}
	if t.refused > 0 {
		out = append(out, "refused"+glue+amount(clampInt(t.refused)))
	}
	if t.unmeasured > 0 {
		out = append(out, plural(t.unmeasured, "call")+" not measured")
	}
	if t.returned.known {
		out = append(out, "taken again"+glue+amount(t.returned.resident))
	} else {
		out = append(out, "taken again: not measured")
	}
	return append(out, t.whoShares()...)
}

// whoShares says how much each caller brought, in a fixed order.
func (t *totals) whoShares() []string {
	var out []string
	for _, who := range [...]mem.Who{
		mem.WhoBackground, mem.WhoGrowth, mem.WhoLimit, mem.WhoForced, mem.WhoStack,
		mem.WhoRuntime, mem.WhoCgo, mem.WhoUser, mem.WhoUnknown, "",
	} {
		if left := t.byWho[who]; left > 0 {
			full, _ := whoWords(who)
			out = append(out, full+glue+amount(left))
		}
	}
	return out
}
