package timeline

import (
	"strconv"
	"strings"

	"whyres/collector/ledger"
	"whyres/collector/probe"
)

// probeColumn is a number of a case.
type probeColumn struct {
	head  string
	wide  int
	tone  tone
	value func(*probe.Result) string
}

// probeTable has as many columns as fit, the least telling left out first.
type probeTable struct {
	name    int
	columns []probeColumn
}

const (
	wCaseName    = 28
	wCaseVerdict = 20 // with two spaces and a sign before it
	wLeastName   = 18
)

func newProbeTable(limit int) probeTable {
	columns := []probeColumn{
		{"asked", 7, tonePlain, func(r *probe.Result) string { return probeMiB(r.Asked) }},
		{"RES", 8, toneReturn, func(r *probe.Result) string { return probeChange(r.RSSChange) }},
		{"allocator", 11, toneReturn, allocatorGot},
		{"µs/MiB", 9, tonePlain, func(r *probe.Result) string { return perMiB(r.NSPerMiB) }},
		{"back", 9, tonePlain, func(r *probe.Result) string {
			if r.RefaultNSPerMiB == nil {
				return ""
			}
			return perMiB(*r.RefaultNSPerMiB)
		}},
	}
	t := probeTable{name: wCaseName, columns: columns}
	if limit <= 0 {
		return t
	}
	for len(t.columns) > 2 && limit < t.width() { // asked and RES stay longest
		t.columns = t.columns[:len(t.columns)-1]
	}
	if limit < t.width()-wCaseName+wLeastName {
		t.columns = t.columns[1:]
	}
	t.name = min(max(t.name+limit-t.width(), wLeastName), wCaseName)
	return t
}

func (t probeTable) width() int {
	n := treeIndent + t.name + wCaseVerdict
	for _, c := range t.columns {
		n += c.wide
	}
	return n
}

func (t probeTable) head() []piece {
	text := strings.Repeat(" ", treeIndent+t.name)
	for _, c := range t.columns {
		text += right(c.head, c.wide)
	}
	return []piece{{toneHead, text + "    verdict"}}
}

// row is one case. What was not measured has no numbers.
func (t probeTable) row(r *probe.Result) []piece {
	name := r.ID
	if what, known := probe.Find(r.ID); known {
		name = what.Name
	}
	out := []piece{{tonePlain, strings.Repeat(" ", treeIndent) + left(cutEnd(clean(name, 2*wCaseName), t.name-1), t.name)}}
	for _, c := range t.columns {
		text, tone := "", c.tone
		if r.Verdict != probe.NotMeasured {
			text = c.value(r)
		}
		if text == "0" || text == "?" {
			tone = toneDim
		}
		out = append(out, piece{tone, right(text, c.wide)})
	}
	sign, tone := verdictSign(r)
	return append(out, piece{tone, "  " + sign + " " + verdictWords(r)})
}

func allocatorGot(r *probe.Result) string {
	if r.ToAllocator == nil {
		return "?"
	}
	return probeMiB(*r.ToAllocator)
}

// perMiB is a time in microseconds, with two digits at least.
func perMiB(ns int64) string {
	if ns < 10_000 {
		return strconv.FormatFloat(float64(ns)/1000, 'f', 1, 64)
	}
	return ledger.Count(uint64((ns + 500) / 1000))
}

// verdictSign says in a sign what kind of verdict it is: as expected, to be known,
// against what was asked for.
func verdictSign(r *probe.Result) (string, tone) {
	switch r.Verdict {
	case probe.Freed:
		if r.ToAllocator == nil {
			return signUnseen.String(), toneReturn
		}
		return signHeld.String(), toneReturn
	case probe.LeftRES, probe.CameBack, probe.Refused, probe.FreedWithError, probe.Partly:
		return signTrouble.String(), toneTrouble
	case probe.Lazy:
		return signLazy.String(), toneBack
	case probe.Grew:
		return signUp.String(), toneGrow
	case probe.NotMeasured:
		return signUnseen.String(), toneGrow
	}
	return signDot.String(), toneDim
}

// verdictWords is the verdict for people.
func verdictWords(r *probe.Result) string {
	words := clean(string(r.Verdict), 30)
	switch r.Verdict {
	case probe.Freed:
		if r.ToAllocator == nil {
			words = "left RES, freed?"
		}
	case probe.Lazy:
		words += ", " + probeMiB(r.LazyFreeChange)
	case probe.Split:
		words += ", " + probeMiB(-r.THPChange)
	case probe.LeftRES:
		words = "left RES only"
	case probe.FreedWithError:
		words = "freed"
	case probe.CameBack:
		words = "came back"
		if r.LaterRSSChange != nil {
			words += " " + probeChange(*r.LaterRSSChange)
		}
	case probe.Unsupported:
		return "not supported"
	case probe.NoEffect:
		words = "no effect"
	}
	if r.Errno != "" {
		words += ", " + clean(r.Errno, 20)
	}
	return words
}
