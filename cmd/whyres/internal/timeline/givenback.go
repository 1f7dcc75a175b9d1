package timeline

import (
	"strings"

	"whyres/collector/explain"
	"whyres/collector/ledger"
)

// Widths of the table of what was given back.
const (
	wWho   = 26
	wCalls = 9
)

// givenBack adds two tables: by whom, calls, asked, left RES; and what became of
// it.
func (p *printer) givenBack(t *explain.Trace) {
	r := &t.Releases
	if r.Calls == 0 && t.Unmapped.Calls == 0 {
		p.paragraph(tonePlain, treeIndent, "nothing was given back")
		return
	}
	table := p.newWhoTable()
	p.line(piece{toneHead, table.head("given back by", "calls") + right("asked", wBytes) + right("left RES", wBytes)})
	row := func(full, short string, calls, asked uint64, leftRES int64) {
		p.line(piece{tonePlain, table.head(table.name(full, short), ledger.Count(calls)) + right(fixed(tenths(clampInt(asked))), wBytes)},
			piece{toneReturn, right(fixed(tenths(leftRES)), wBytes)})
	}
	for _, by := range t.ByWho {
		full, short := whoWords(by.Who)
		row(full, short, by.Calls, by.Asked, by.Attributed)
	}
	if len(t.ByWho) > 1 {
		row("all of these", "all of these", r.Calls, r.Asked, r.Attributed)
	}
	if t.Unmapped.Calls > 0 {
		row("munmap", "munmap", t.Unmapped.Calls, t.Unmapped.Asked, t.Unmapped.Attributed)
	}
	p.paragraph(tonePlain, treeIndent, releaseNotes(t)...)
	p.outcomes(t)
}

// whoTable is the left side of the table: on a narrow terminal the calls are
// left out, and the names are short.
type whoTable struct {
	who   int
	calls bool
}

func (p *printer) newWhoTable() whoTable {
	rest := p.options.Width - treeIndent - 2*wBytes
	if p.options.Width == 0 || rest >= wWho+wCalls {
		return whoTable{who: wWho, calls: true}
	}
	return whoTable{who: min(max(rest, 13), wWho)}
}

func (t whoTable) name(full, short string) string {
	if width(full) > t.who {
		full = short
	}
	return cutMiddle(full, t.who)
}

func (t whoTable) head(name, calls string) string {
	text := strings.Repeat(" ", treeIndent) + left(name, t.who)
	if t.calls {
		text += right(calls, wCalls)
	}
	return text
}

// releaseNotes are what the table's numbers need beside them.
func releaseNotes(t *explain.Trace) []string {
	r := &t.Releases
	out := []string{"taken again" + glue + amount(clampInt(r.Refaulted))}
	if r.Refused > 0 {
		out = append(out, "refused"+glue+amount(clampInt(r.Refused)))
	}
	if gap := r.LeftRES - r.Attributed; abs(gap) >= max(64*kib, abs(r.Attributed)/50) {
		out = append(out, "RES moved by "+amount(gap)+" more while these ran, by others")
	}
	if r.ToAllocator != nil {
		out = append(out, "the kernel's allocator got "+amount(*r.ToAllocator))
	}
	return out
}
