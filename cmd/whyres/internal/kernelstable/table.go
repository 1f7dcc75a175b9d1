package main

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"whyres/collector/probe"
)

// kernel is what the newest kernel of a line said.
type kernel struct {
	line   string // 6.12
	report *probe.Report
}

// sortKernels puts 5.10 before 6.1, and that before 6.12.
func sortKernels(all []kernel) {
	number := func(line string) (major, minor int) {
		a, b, _ := strings.Cut(line, ".")
		major, _ = strconv.Atoi(a)
		minor, _ = strconv.Atoi(b)
		return major, minor
	}
	slices.SortFunc(all, func(a, b kernel) int {
		majorA, minorA := number(a.line)
		majorB, minorB := number(b.line)
		return cmp.Or(cmp.Compare(majorA, majorB), cmp.Compare(minorA, minorB))
	})
}

// column is a run of neighbouring lines that said the same in each case.
type column struct {
	lines []string
	cells []string
}

func (c column) title() string {
	if len(c.lines) == 1 {
		return c.lines[0]
	}
	return c.lines[0] + " to " + c.lines[len(c.lines)-1]
}

// columns folds kernels of which no case differs.
func columns(all []kernel) []column {
	var out []column
	for _, k := range all {
		cells := cellsOf(k.report)
		if n := len(out); n > 0 && slices.Equal(out[n-1].cells, cells) {
			out[n-1].lines = append(out[n-1].lines, k.line)
			continue
		}
		out = append(out, column{[]string{k.line}, cells})
	}
	return out
}

// cellsOf are the answers in the catalogue's order.
func cellsOf(r *probe.Report) []string {
	byID := map[string]*probe.Result{}
	for i := range r.Cases {
		byID[r.Cases[i].ID] = &r.Cases[i]
	}
	var cells []string
	for _, c := range probe.Catalogue() {
		cells = append(cells, cell(byID[c.ID]))
	}
	return cells
}

// cell is an answer in a few words. MiB are rounded to one place: what differs by
// less, a batch of a few pages, is no difference between kernels.
func cell(r *probe.Result) string {
	if r == nil {
		return "not asked"
	}
	switch r.Verdict {
	case probe.Freed:
		if r.ToAllocator == nil {
			return left(r)
		}
		return "freed"
	case probe.LeftRES, probe.Partly:
		return left(r)
	case probe.Lazy:
		return "RES stays, " + mib(r.LazyFreeChange) + " lazily freed"
	case probe.FreedWithError:
		return "freed, **yet " + r.Errno + "**"
	case probe.CameBack:
		return fmt.Sprintf("RES %s, **later %s**", change(r.RSSChange), change(later(r)))
	case probe.Refused:
		return "**refused**: " + r.Errno
	case probe.Unsupported:
		return "unknown to it: " + r.Errno
	case probe.Split:
		return "RES stays; huge pages split"
	case probe.Merged:
		return "RES stays; huge pages made"
	case probe.Grew:
		return "RES " + change(r.RSSChange)
	case probe.NoEffect:
		return "nothing"
	case probe.NotMeasured:
	}
	return "–"
}

// left is what left RES, and how much of it came to the allocator.
func left(r *probe.Result) string {
	free := "?"
	if r.ToAllocator != nil {
		free = mib(*r.ToAllocator)
	}
	return fmt.Sprintf("RES %s, **free %s**", change(r.RSSChange), free)
}

func later(r *probe.Result) int64 {
	if r.LaterRSSChange == nil {
		return 0
	}
	return *r.LaterRSSChange
}

func mib(bytes int64) string { return strconv.FormatFloat(float64(bytes)/(1<<20), 'f', 1, 64) }

func change(bytes int64) string {
	switch s := mib(bytes); {
	case s == "0.0" || s == "-0.0":
		return "±0"
	case bytes < 0:
		return "−" + s[1:]
	default:
		return "+" + s
	}
}

// table is the section's text.
func table(all []kernel) string {
	cols := columns(all)
	var b strings.Builder
	b.WriteString("\n| advice | of | asked |")
	for _, c := range cols {
		b.WriteString(" " + c.title() + " |")
	}
	b.WriteString("\n|---|---|--:|" + strings.Repeat("---|", len(cols)) + "\n")
	for i, c := range probe.Catalogue() {
		fmt.Fprintf(&b, "| %s | %s | %s |", adviceOf(c), c.Name, asked(all, c.ID))
		for _, col := range cols {
			b.WriteString(" " + col.cells[i] + " |")
		}
		b.WriteByte('\n')
	}
	b.WriteString("\n" + provenance(all))
	return b.String()
}

func adviceOf(c probe.Case) string {
	advice := strings.TrimPrefix(c.Advice, "MADV_")
	if c.Call != "madvise" {
		return string(c.Call) + ", " + advice
	}
	return advice
}

// asked is what the call covered, on the newest kernel that has the case.
func asked(all []kernel, id string) string {
	for _, k := range slices.Backward(all) {
		for i := range k.report.Cases {
			if r := &k.report.Cases[i]; r.ID == id && r.Asked > 0 {
				return mib(r.Asked)
			}
		}
	}
	return "–"
}

// debian finds the package's version in a kernel's build: "#1 SMP Debian 6.1.192-1 (2026-..)".
var debian = regexp.MustCompile(`Debian (\S+)`)

// provenance says when and on what.
func provenance(all []kernel) string {
	var versions, days []string
	for _, k := range all {
		version := k.report.Host.Kernel
		if m := debian.FindStringSubmatch(k.report.Host.Build); m != nil {
			version = m[1]
		}
		versions = append(versions, version)
		days = append(days, k.report.Time.UTC().Format("2006-01-02"))
	}
	slices.Sort(days)
	return fmt.Sprintf("Measured on %s under emulation, %s, on Debian's kernels %s.\n",
		strings.Join(slices.Compact(days), " and "), all[0].report.Host.Arch, strings.Join(versions, ", "))
}

// The lines between which the table stands.
const (
	begin = "<!-- the table of make kernels-table -->\n"
	end   = "<!-- its end -->\n"
)

// errNoPlace: the page does not say where the table goes.
var errNoPlace = errors.New("the lines are missing between which the table goes: " + strings.TrimSpace(begin) + " and " + strings.TrimSpace(end))

// replace puts the table between the two lines.
func replace(page []byte, table string) ([]byte, error) {
	before, rest, found := bytes.Cut(page, []byte(begin))
	if !found {
		return nil, errNoPlace
	}
	_, after, found := bytes.Cut(rest, []byte(end))
	if !found {
		return nil, errNoPlace
	}
	return slices.Concat(before, []byte(begin), []byte(table), []byte("\n"+end), after), nil
}
