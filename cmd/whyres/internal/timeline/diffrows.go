package timeline

import (
	"math"
	"strings"
	"time"

	"whyres/collector/diff"
	"whyres/collector/ledger"
	"whyres/collector/probe"
)

// The columns of a comparison.
const (
	diffIndent  = 2
	leastValue  = 10 // of the two value columns, with the space before
	widestValue = 16 // where there is no room for more
	leastWhat   = 12
	widestWhat  = 60
)

// diffHead is over how B compares.
const diffHead = "B, beside A"

// diffColumns are the widths of what, A and B.
type diffColumns struct{ what, value int }

func (p *printer) diffTable(rows []diff.Row, groups bool) {
	c := diffColumns{what: leastWhat, value: leastValue}
	words := 2 + width(diffHead)
	for i := range rows {
		r := &rows[i]
		c.what = max(c.what, diffIndent+width(clean(r.What, widestWhat)))
		c.value = max(c.value, 2+width(valueText(r, r.A)), 2+width(valueText(r, r.B)))
		_, said := markWords(r)
		words = max(words, 2+width(said))
	}
	if limit := p.options.Width; limit > 0 {
		c.value = min(c.value, max(widestValue, (limit-c.what-words)/2))
		c.what = max(min(c.what, limit-2*c.value-words), leastWhat)
	}
	p.line(piece{toneHead, left("", c.what) + right("A", c.value) + right("B", c.value) + "  " + diffHead})
	group, said := diff.Group(""), map[string]bool{"": true}
	for i := range rows {
		if r := &rows[i]; groups && r.Group != group {
			group = r.Group
			p.line(piece{toneHead, clean(string(group), 40)})
		}
		p.diffRow(c, &rows[i])
		if why := rows[i].Why; !said[why] || why != "" && ownNumbers(&rows[i]) {
			said[why] = true
			p.diffWhy(why)
		}
	}
}

// ownNumbers: the reason holds what a case measured, and is said also where that
// is what another case showed.
func ownNumbers(r *diff.Row) bool {
	unknown := string(probe.NotMeasured)
	return r.Group == diff.GroupCases && r.A.Text != unknown && r.B.Text != unknown
}

// diffRow adds a row. A name for which the terminal is too narrow has a line of its
// own: cut in the middle, names look alike.
func (p *printer) diffRow(c diffColumns, r *diff.Row) {
	what := clean(r.What, widestWhat)
	if width(what) > c.what-diffIndent {
		p.line(piece{rowTone(r), strings.Repeat(" ", diffIndent) + clean(what, max(p.options.Width-diffIndent, c.what-diffIndent))})
		what = ""
	}
	t, words := markWords(r)
	a, b := cutValues(valueText(r, r.A), valueText(r, r.B), c.value-1)
	p.line(
		piece{rowTone(r), left(strings.Repeat(" ", diffIndent)+what, c.what)},
		piece{rowTone(r), right(a, c.value)},
		piece{rowTone(r), right(b, c.value)},
		piece{t, "  " + words},
	)
}

// diffWhy adds a reason below its row.
func (p *printer) diffWhy(why string) {
	const indent = diffIndent + 4
	w := widestText - indent
	if p.options.Width > 0 {
		w = max(min(p.options.Width, widestText)-indent, 8)
	}
	for _, line := range wrapClauses([]string{glueUnits(clean(why, 300))}, w) {
		p.line(piece{toneDim, strings.Repeat(" ", indent) + line})
	}
}

// cutValues cuts both where they are too long: at the end, as a version tells most
// at its beginning; in the middle where they would then look the same.
func cutValues(a, b string, atMost int) (string, string) {
	x, y := cutEnd(a, atMost), cutEnd(b, atMost)
	if x == y && a != b {
		return cutMiddle(a, atMost), cutMiddle(b, atMost)
	}
	return x, y
}

// rowTone: what is the same is quiet.
func rowTone(r *diff.Row) tone {
	if r.Mark == diff.Same {
		return toneDim
	}
	return tonePlain
}

// valueText is a value for its column.
func valueText(r *diff.Row, v diff.Value) string {
	switch {
	case v.Number != nil:
		return numberText(r.Unit, *v.Number)
	case v.Text != "":
		return clean(v.Text, 40)
	}
	return "–"
}

func numberText(u diff.Unit, n int64) string {
	switch u {
	case diff.Bytes:
		return size(n)
	case diff.ByteSeconds:
		return size(n) + "·s"
	case diff.Moment, diff.Duration:
		return span(time.Duration(n))
	case diff.Count, diff.Text:
	}
	if n < 0 {
		return "-" + ledger.Count(uint64(-n))
	}
	return ledger.Count(uint64(n))
}

// markWords say how B compares to A, and which is better where one is.
func markWords(r *diff.Row) (tone, string) {
	switch r.Mark {
	case diff.Same:
		return toneDim, "same"
	case diff.OnlyA:
		return tonePlain, "only in A"
	case diff.OnlyB:
		return tonePlain, "only in B"
	case diff.Better:
		return toneReturn, changeWords(r) + ", better"
	case diff.Worse:
		return toneGrow, changeWords(r) + ", worse"
	case diff.Different:
	}
	return tonePlain, changeWords(r)
}

func changeWords(r *diff.Row) string {
	if r.Change == nil {
		return "different"
	}
	up, down := directions(r.Unit)
	if *r.Change < 0 {
		return signDown.String() + " " + numberText(r.Unit, -max(*r.Change, -math.MaxInt64)) + " " + down
	}
	return signUp.String() + " " + numberText(r.Unit, *r.Change) + " " + up
}

// directions are the words for more and for less of a unit.
func directions(u diff.Unit) (up, down string) {
	switch u {
	case diff.Moment:
		return "later", "sooner"
	case diff.Duration:
		return "longer", "shorter"
	case diff.Count:
		return "more", "fewer"
	case diff.Bytes, diff.ByteSeconds, diff.Text:
	}
	return "more", "less"
}
