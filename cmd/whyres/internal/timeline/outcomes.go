package timeline

import (
	"strconv"
	"strings"
	"time"

	"whyres/collector/explain"
	"whyres/collector/ledger"
)

// outcomes adds a table: what became of what was released. It says nothing where
// all of it is simply gone, as the table before has said that.
func (p *printer) outcomes(t *explain.Trace) {
	if !telling(t) {
		return
	}
	columns := p.newOutcomeTable(t)
	p.blank()
	p.line(columns.head()...)
	for i := range t.Outcomes {
		p.line(columns.row(&t.Outcomes[i])...)
	}
	if t.MappedAnew != nil {
		anew := *t.MappedAnew
		anew.Why = mappedAnew
		p.line(columns.row(&anew)...)
	}
	for _, note := range outcomeNotes(t) {
		p.paragraph(toneDim, treeIndent, note)
	}
}

// mappedAnew is a row beside the releases.
const mappedAnew explain.Why = "mapped anew instead"

// telling reports whether the table says more than that all is gone.
func telling(t *explain.Trace) bool {
	if t.MappedAnew != nil || t.Collapses.Calls > 0 || t.Releases.ToAllocator != nil {
		return true
	}
	for _, o := range t.Outcomes {
		if o.Why != explain.WhyGone || o.TakenAgain > 0 {
			return true
		}
	}
	return false
}

// column is a number of an outcome.
type column struct {
	head  string
	value func(o *explain.Outcome) string
	tone  tone
}

// outcomeTable has as many columns as fit, the least telling left out first.
type outcomeTable struct {
	whoTable
	columns []column
}

const wAllocator = 14

func (p *printer) newOutcomeTable(t *explain.Trace) outcomeTable {
	mibOf := func(bytes int64) string { return fixed(tenths(bytes)) }
	columns := []column{
		{"asked", func(o *explain.Outcome) string { return mibOf(clampInt(o.Asked)) }, tonePlain},
		{"left RES", func(o *explain.Outcome) string { return mibOf(o.Left) }, toneReturn},
	}
	if t.Releases.ToAllocator != nil {
		columns = append(columns, column{"to allocator", func(o *explain.Outcome) string {
			if o.ToAllocator == nil {
				return "?"
			}
			return mibOf(*o.ToAllocator)
		}, toneReturn})
	}
	columns = append(columns, column{"taken again", func(o *explain.Outcome) string {
		return mibOf(clampInt(o.TakenAgain))
	}, tonePlain})
	out := outcomeTable{whoTable: whoTable{who: wWho, calls: true}, columns: columns}
	if p.options.Width == 0 {
		return out
	}
	rest := func() int {
		n := p.options.Width - treeIndent
		for _, c := range out.columns {
			n -= c.width()
		}
		return n
	}
	for len(out.columns) > 2 && rest() < wNarrowWhy {
		out.columns = out.columns[:len(out.columns)-1]
	}
	if rest() < wWho+wCalls {
		out.whoTable = whoTable{who: min(max(rest(), 13), wWho)}
	}
	return out
}

// wNarrowWhy is the least for the words of an outcome.
const wNarrowWhy = 14

func (c column) width() int {
	if len(c.head) >= wBytes {
		return wAllocator
	}
	return wBytes
}

func (t outcomeTable) head() []piece {
	title := t.name("what became of it", "outcome")
	text := t.whoTable.head(title, "calls")
	for _, c := range t.columns {
		text += right(c.head, c.width())
	}
	return []piece{{toneHead, text}}
}

func (t outcomeTable) row(o *explain.Outcome) []piece {
	full, short := outcomeWords(o)
	out := []piece{{tonePlain, t.whoTable.head(t.name(full, short), ledger.Count(o.Calls))}}
	for _, c := range t.columns {
		out = append(out, piece{c.tone, right(c.value(o), c.width())})
	}
	return out
}

// outcomeWords names an outcome for people, in full and for a narrow terminal.
func outcomeWords(o *explain.Outcome) (full, short string) {
	switch o.Why {
	case explain.WhyGone:
		return "gone", "gone"
	case explain.WhyTakenAgain:
		return "taken again after " + span(time.Duration(o.TakenAfter)), "taken again"
	case explain.WhyHuge:
		return "in a huge page", "huge page"
	case explain.WhyShared:
		return "a forked child has it", "forked child"
	case explain.WhyMaybeShared:
		return "a forked child may have it", "forked child?"
	case explain.WhyElsewhere:
		return "held elsewhere", "elsewhere"
	case explain.WhyLazy:
		return "lazily", "lazily"
	case explain.WhyNotResident:
		return "was not resident", "not resident"
	case explain.WhyNoEffect:
		return "no effect though resident", "no effect"
	case explain.WhyKept:
		return "not paged out", "not paged out"
	case explain.WhyRefusedLocked:
		return "refused: locked memory", "locked"
	case explain.WhyUnknown:
		return "not known", "not known"
	case mappedAnew:
		return "mapped anew instead", "mapped anew"
	}
	text := clean(string(o.Why), 40)
	return text, strings.TrimPrefix(text, "refused: ")
}

// outcomeNotes explain the words that need it.
func outcomeNotes(t *explain.Trace) []string {
	var out []string
	for i := range t.Outcomes {
		if note := outcomeNote(t.Outcomes[i].Why); note != "" {
			full, _ := outcomeWords(&t.Outcomes[i])
			out = append(out, full+": "+note)
		}
	}
	if t.MappedAnew != nil {
		out = append(out, anewNote(t.MappedAnew))
	}
	if c := t.Collapses; c.Calls > 0 {
		out = append(out, grewNote(c))
	}
	return out
}

func anewNote(o *explain.Outcome) string {
	text := "mapped anew instead: after a refusal the Go runtime maps parts of its heap anew in place of releasing them; not in the sums above"
	if o.Left < clampInt(o.Asked)/2 {
		text += "; of a process that locks all it maps (mlockall) the kernel fills them again at once"
	}
	return text
}

func outcomeNote(why explain.Why) string {
	switch why {
	case explain.WhyHuge:
		return "RES fell, and the memory is free only when the rest of the huge page is released too"
	case explain.WhyShared:
		return "RES fell, and the memory is free only when the child has ended, or runs another program"
	case explain.WhyMaybeShared:
		return "what was written to after the fork is free, the rest only when the child has ended; trace --allocator tells"
	case explain.WhyElsewhere:
		return "RES fell, and something else holds the memory: a larger page, a device, another process"
	case explain.WhyLazy:
		return "the kernel takes it when memory gets short, and counts it in RES until then"
	case explain.WhyRefusedLocked:
		return "the kernel does not release locked memory (mlock, mlockall)"
	case explain.WhyNoEffect:
		return "the call succeeded, and the memory stayed: this kernel does not do what Linux does"
	}
	return ""
}

// grewNote says what khugepaged did.
func grewNote(c explain.Grown) string {
	text := "khugepaged made " + ledger.Count(c.Calls) + " huge page"
	if c.Calls != 1 {
		text += "s"
	}
	text += " of small ones: RES grew by " + size(clampInt(c.Bytes)) + " that had been missing there"
	if c.Unknown > 0 {
		text += ", or more: of " + strconv.FormatUint(c.Unknown, 10) + " it is not known"
	}
	return text
}
