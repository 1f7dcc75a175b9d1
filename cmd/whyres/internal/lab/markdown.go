package lab

import (
	"fmt"
	"io"
	"math"
	"strconv"
	"strings"
	"time"
	"unicode"

	"whyres/collector/ledger"
)

// Markdown writes a lab for a README: what was measured on what, a table of memory
// over time and one of what that cost, and what is to be known of the numbers.
func Markdown(w io.Writer, r *Result) error {
	b := &strings.Builder{}
	if r.Scenario != "" {
		fmt.Fprintf(b, "%s.\n\n", escape(r.Scenario))
	}
	fmt.Fprintf(b, "%s.\n", escape(strings.Join(append(r.Machine(), r.manner()...), " · ")))
	b.WriteString("\n**Memory, and when it went back**\n\n")
	r.markdownMemory(b)
	if r.measured() > 0 {
		b.WriteString("\n**What that cost**\n\n")
		r.markdownCost(b)
	}
	fmt.Fprintf(b, "\n%s.\n", strings.Join(r.signs(), "; "))
	for i, x := range r.Remarks() {
		if i == 0 {
			b.WriteString("\n")
		}
		fmt.Fprintf(b, "- %s\n", escape(x.String()))
	}
	if len(r.Recommendation) > 0 {
		fmt.Fprintf(b, "\n%s\n", escape(strings.Join(r.Recommendation, " ")))
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// markdownMemory has a row for each setting, measured or not.
func (r *Result) markdownMemory(b *strings.Builder) {
	columns := []Field{Peak, Rest, Half, NineTenths, Area, Asked, LeftRES}
	markdownHead(b, columns, together(r, " sum of the peaks, MiB |"), together(r, "---:|"))
	for i := range r.Rows {
		row := &r.Rows[i]
		if row.Status != StatusDone {
			fmt.Fprintf(b, "| %s | %s |%s\n", row.markdownName(r), row.whyNot(), strings.Repeat(" |", len(columns)-1)+together(r, " |"))
			continue
		}
		sums := together(r, " "+markdownValue(Bytes, row.SumOfPeaks())+" |")
		fmt.Fprintf(b, "| %s |%s%s\n", row.markdownName(r), row.markdownCells(columns), sums)
	}
}

// markdownCost has those that were measured: why others were not stands above.
func (r *Result) markdownCost(b *strings.Builder) {
	columns := []Field{CPU, GCCPU, ScavengeCPU, ProcessCPU, LatencyP50, LatencyP99, Refaulted, Faults}
	markdownHead(b, columns, "", "")
	for i := range r.Rows {
		if row := &r.Rows[i]; row.Status == StatusDone {
			fmt.Fprintf(b, "| %s |%s\n", row.markdownName(r), row.markdownCells(columns))
		}
	}
}

// markdownHead are the two lines above the rows, with more at their ends.
func markdownHead(b *strings.Builder, columns []Field, more, under string) {
	b.WriteString("| setting |")
	for _, f := range columns {
		name := f.String()
		if unit := f.Unit().column().name; unit != "" {
			name += ", " + unit
		}
		fmt.Fprintf(b, " %s |", name)
	}
	fmt.Fprintf(b, "%s\n|---|%s%s\n", more, strings.Repeat("---:|", len(columns)), under)
}

// measured is how many rows were.
func (r *Result) measured() int {
	n := 0
	for i := range r.Rows {
		if r.Rows[i].Status == StatusDone {
			n++
		}
	}
	return n
}

// together is a text of labs with several servers.
func together(r *Result, text string) string {
	if r.Servers > 1 {
		return text
	}
	return ""
}

func (w *Row) markdownName(r *Result) string {
	if w.ID == r.Best {
		return "**" + escape(w.Name) + "**"
	}
	return escape(w.Name)
}

// whyNot says what became of a row that has no numbers.
func (w *Row) whyNot() string {
	text := string(w.Status)
	if w.Problem != "" {
		text += ": " + w.Problem
	}
	return escape(text)
}

// markdownCells are the values with their signs.
func (w *Row) markdownCells(columns []Field) string {
	var b strings.Builder
	for _, f := range columns {
		least := ""
		if w.AtLeast(f) {
			least = "≥ "
		}
		b.WriteString(" " + least + markdownValue(f.Unit(), *w.Measures.At(f)) + w.markdownSign(f) + " |")
	}
	return b.String()
}

// markdownValue is the median in the column's unit, with the least and the greatest
// where they can be told apart there.
func markdownValue(u Unit, s Spread) string {
	if s.N == 0 {
		return "?"
	}
	c := u.column()
	least, most := c.text(s.Min), c.text(s.Max)
	if least == most {
		return c.text(s.Median)
	}
	return c.text(s.Median) + " (" + least + "–" + most + ")"
}

func (w *Row) markdownSign(f Field) string {
	sign := *w.Against.At(f)
	switch {
	case sign == nil || f.Neutral() || w.ID == Default:
		return ""
	case *sign < 0:
		return " ▼"
	case *sign > 0:
		return " ▲"
	}
	return " ="
}

// Machine is what it was measured on, in clauses.
func (r *Result) Machine() []string {
	var out []string
	h := &r.Host
	if h.CPUs > 0 {
		cpus := fmt.Sprintf("%d CPUs", h.CPUs)
		for _, more := range []string{h.CPUModel, h.Arch} {
			if more != "" {
				cpus += ", " + more
			}
		}
		out = append(out, cpus)
	}
	if h.MemTotal > 0 {
		out = append(out, ledger.Size(int64(min(h.MemTotal, math.MaxInt64)))+" of RAM")
	}
	if h.Kernel != "" {
		out = append(out, "Linux "+h.Kernel)
	}
	if h.THP != "" {
		out = append(out, "THP "+h.THP)
	}
	return append(out, r.GoVersions()...)
}

// manner is how it was measured, in clauses.
func (r *Result) manner() []string {
	var out []string
	if r.Servers > 1 {
		out = append(out, fmt.Sprintf("%d servers at a time", r.Servers))
	}
	out = append(out, fmt.Sprintf("runs of each: %d", r.Runs),
		"watched for "+time.Duration(r.Settle).String()+" after the burst")
	if r.Quick {
		return append(out, "quick: GCs forced")
	}
	return append(out, "the runtime's own clocks")
}

// signs explains what stands beside the numbers.
func (r *Result) signs() []string {
	out := []string{"▼ less, ▲ more, = no difference beside the default: less is better"}
	least := false
	for i := range r.Rows {
		for _, f := range Fields() {
			least = least || r.Rows[i].AtLeast(f)
		}
	}
	if least {
		out = append(out, "≥ at least")
	}
	if r.Runs > 1 {
		out = append(out, "medians of the runs (least–greatest, where they differ)")
	}
	if r.Best != "" {
		out = append(out, "bold: "+r.Recommended())
	}
	return out
}

// String is the remark in one line.
func (x Remark) String() string {
	if len(x.Of) == 0 {
		return x.Text
	}
	return x.Text + " (" + strings.Join(x.Of, ", ") + ")"
}

// escape keeps text from being anything else in Markdown: names and problems come
// from files and other processes.
func escape(s string) string {
	var b strings.Builder
	for _, r := range s {
		switch {
		case strings.ContainsRune("\\`*_|<>[]#~", r):
			b.WriteByte('\\')
			b.WriteRune(r)
		case r == '&':
			b.WriteString("&amp;")
		case !unicode.IsPrint(r): // what turns or hides text too: U+202E, U+200B
			b.WriteString("\\" + strings.Trim(strconv.QuoteRuneToASCII(r), "'"))
		default:
			b.WriteRune(r)
		}
	}
	return b.String()
}
