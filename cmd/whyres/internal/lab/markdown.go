package lab

import (
	"fmt"
	"io"
	"strings"
	"time"
)

// Markdown writes a lab as a table for a README, with the machine, kernel and Go
// versions below it.
func Markdown(w io.Writer, r *Result) error {
	b := &strings.Builder{}
	columns := markdownFields()
	b.WriteString("| setting |")
	for _, f := range columns {
		fmt.Fprintf(b, " %s |", f)
	}
	b.WriteString(together(r, " sum of the peaks |"))
	fmt.Fprintf(b, "\n|---|%s%s\n", strings.Repeat("---:|", len(columns)), together(r, "---:|"))
	for i := range r.Rows {
		row := &r.Rows[i]
		fmt.Fprintf(b, "| %s |%s\n", row.markdownName(r), row.markdownCells(r, columns))
	}
	fmt.Fprintf(b, "\n%s\n", escape(strings.Join(r.about(), " · ")))
	for _, x := range r.Remarks() {
		fmt.Fprintf(b, "\nNote: %s\n", escape(x.String()))
	}
	if len(r.Recommendation) > 0 {
		fmt.Fprintf(b, "\n%s\n", escape(strings.Join(r.Recommendation, " ")))
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func markdownFields() []Field {
	return []Field{Peak, Rest, Half, NineTenths, Area, CPU, LatencyP50, LatencyP99, Refaulted, Asked, LeftRES}
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

// markdownCells are the values with their signs, or why there are none.
func (w *Row) markdownCells(r *Result, columns []Field) string {
	if w.Status != StatusDone {
		text := string(w.Status)
		if w.Problem != "" {
			text += ": " + w.Problem
		}
		return " " + escape(text) + " |" + strings.Repeat(" |", len(columns)-1) + together(r, " |")
	}
	var b strings.Builder
	for _, f := range columns {
		least := ""
		if w.AtLeast(f) {
			least = "≥ "
		}
		b.WriteString(" " + least + markdownValue(f.Unit(), *w.Measures.At(f)) + w.markdownSign(f) + " |")
	}
	b.WriteString(together(r, " "+markdownValue(Bytes, w.SumOfPeaks())+" |"))
	return b.String()
}

// markdownValue is the median, with the least and the greatest of several runs.
func markdownValue(u Unit, s Spread) string {
	switch s.N {
	case 0:
		return "?"
	case 1:
		return u.Text(s.Median)
	}
	return u.Text(s.Median) + " (" + u.Text(s.Min) + " to " + u.Text(s.Max) + ")"
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

// about is what was measured on what, in clauses.
func (r *Result) about() []string {
	var out []string
	if r.Scenario != "" {
		out = append(out, r.Scenario)
	}
	if r.Host.Kernel != "" {
		out = append(out, "Linux "+r.Host.Kernel)
	}
	out = append(out, r.GoVersions()...)
	if r.Host.CPUs > 0 {
		out = append(out, fmt.Sprintf("%d CPUs, %s", r.Host.CPUs, r.Host.Arch))
	}
	if r.Host.THP != "" {
		out = append(out, "THP "+r.Host.THP)
	}
	if r.Servers > 1 {
		out = append(out, fmt.Sprintf("%d servers at a time", r.Servers))
	}
	out = append(out, fmt.Sprintf("runs of each: %d", r.Runs),
		"watched for "+time.Duration(r.Settle).String()+" after the burst")
	clock := "the runtime's own clocks"
	if r.Quick {
		clock = "quick: GCs forced"
	}
	return append(out, clock, "▼ less, ▲ more, = no difference beside the default")
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
		case r < 0x20 || r == 0x7f || r >= 0x80 && r < 0xa0:
			fmt.Fprintf(&b, "\\\\x%02x", r)
		default:
			b.WriteRune(r)
		}
	}
	return b.String()
}
