package probe

import (
	"fmt"
	"io"
	"strings"
)

// WriteMarkdown writes the report as a table for an issue or a README.
func WriteMarkdown(w io.Writer, r *Report) error {
	var b strings.Builder
	fmt.Fprintf(&b, "madvise on Linux %s (%s, THP %s), whyres %s, %s\n\n", cell(r.Host.Kernel), cell(r.Host.Arch), cell(r.Host.THP), cell(r.Tool), r.Time.UTC().Format("2006-01-02"))
	b.WriteString("| call | case | asked | RES | to allocator | µs/MiB | back µs/MiB | verdict |\n|---|---|--:|--:|--:|--:|--:|---|\n")
	for i := range r.Cases {
		b.WriteString(markdownRow(&r.Cases[i]))
	}
	for _, text := range append(append([]string{}, r.Missing...), r.Warnings...) {
		fmt.Fprintf(&b, "\n%s\n", cell(text))
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func markdownRow(r *Result) string {
	name := r.ID
	if c, known := Find(r.ID); known {
		name = c.Name
	}
	cells := []string{Heading(r.Call, r.Advice), name, "", "", "", "", "", string(r.Verdict)}
	if r.Verdict == NotMeasured {
		cells[7] += ": " + r.Unknown
	} else {
		cells[2], cells[3], cells[4] = KiB(r.Asked, false), KiB(r.RSSChange, true), "?"
		cells[5], cells[6] = microseconds(r.NSPerMiB), ""
		if r.ToAllocator != nil {
			cells[4] = KiB(*r.ToAllocator, false)
		}
		if r.RefaultNSPerMiB != nil {
			cells[6] = microseconds(*r.RefaultNSPerMiB)
		}
		if r.Verdict == Freed && r.ToAllocator == nil {
			cells[7] = "left RES; allocator not seen"
		}
		cells[7] += remark(r)
	}
	for i := range cells {
		cells[i] = cell(cells[i])
	}
	return "| " + strings.Join(cells, " | ") + " |\n"
}

// remark adds the error, and what came back later, to the verdict.
func remark(r *Result) (out string) {
	if r.Errno != "" {
		out += " (" + r.Errno + ")"
	}
	if r.LaterRSSChange != nil && *r.LaterRSSChange != 0 {
		out += fmt.Sprintf(" (%s KiB in %d ms)", KiB(*r.LaterRSSChange, true), r.LaterNS/1e6)
	}
	return out
}

// Heading names the advice, and the call where it is not madvise.
func Heading[C ~string](call C, advice string) string {
	name := strings.TrimPrefix(advice, "MADV_")
	if call != "madvise" {
		name = string(call) + " " + name
	}
	return name
}

// KiB is a number of bytes in KiB; a change always has its sign.
func KiB(bytes int64, change bool) string {
	if change && bytes > 0 {
		return fmt.Sprintf("+%d KiB", bytes>>10)
	}
	return fmt.Sprintf("%d KiB", bytes/1024)
}

func microseconds(ns int64) string { return fmt.Sprintf("%.1f", float64(ns)/1000) }

// cell makes a text of a file fit for a cell: no bars, no breaks, no control
// characters, no markup of its own.
func cell(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r < ' ' || r >= 0x7f && r < 0xa0:
			return ' '
		case r == '|' || r == '<' || r == '>' || r == '`':
			return '/'
		}
		return r
	}, s)
}
