package timeline

import (
	"math"
	"slices"

	"whyres/collector/ledger"
)

// branch is one part of RES with the parts that it is made of.
type branch struct {
	part     ledger.Part
	children []*branch
	// shown is what its line says, in tenths of a MiB.
	shown int64
}

// Bounds for what a file may say.
const (
	maxParts = 1000
	maxDepth = 8
)

// leastShown is what rounds to a tenth of a MiB.
const leastShown = 1 << 20 / 20

// newTree builds the tree of a ledger's parts: the largest first on each level,
// what is unexplained last, and nothing that would show as 0.0 but that, unless
// empty ones are wanted. A part whose parent is not there stands at the top.
func newTree(res int64, parts []ledger.Part, empty bool) []*branch {
	byID := make(map[string]*branch, len(parts))
	var top []*branch
	for _, p := range parts[:min(len(parts), maxParts)] {
		b := &branch{part: p}
		if parent := byID[p.Parent]; p.Parent != "" && parent != nil {
			parent.children = append(parent.children, b)
		} else {
			top = append(top, b)
		}
		byID[p.ID] = b
	}
	top = tidy(top, empty)
	round(top, res, res, tenths(res))
	return top
}

func tidy(level []*branch, empty bool) []*branch {
	level = slices.DeleteFunc(level, func(b *branch) bool {
		return b.part.Bytes < leastShown && b.part.ID != ledger.Unexplained && !empty
	})
	slices.SortStableFunc(level, func(a, b *branch) int {
		switch {
		case a.part.ID == ledger.Unexplained:
			return 1
		case b.part.ID == ledger.Unexplained:
			return -1
		}
		return compare(b.part.Bytes, a.part.Bytes)
	})
	for _, b := range level {
		b.children = tidy(b.children, empty)
	}
	return level
}

func compare(a, b int64) int {
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	}
	return 0
}

// round makes the lines of a level add up to the line above. Parts that a
// sentence may name, of a tenth of RES or more, are rounded to the nearest, as
// there; the small ones are rounded down, and those that lose most by it get a
// tenth of a MiB more. Where the parts do not sum to their parent, all are
// rounded to the nearest.
func round(level []*branch, res, total, shown int64) {
	var sum int64
	for _, b := range level {
		sum += b.part.Bytes
	}
	var small []*branch
	for _, b := range level {
		b.shown = tenths(b.part.Bytes)
		if sum == total && float64(b.part.Bytes) < float64(res)/10 {
			b.shown = int64(math.Floor(exact(b)))
			small = append(small, b)
		}
		shown -= b.shown
	}
	slices.SortStableFunc(small, func(a, b *branch) int { return compare(lost(b), lost(a)) })
	for _, b := range small[:max(0, min(shown, int64(len(small))))] {
		b.shown++
	}
	for _, b := range level {
		round(b.children, res, b.part.Bytes, b.shown)
	}
}

// lost is what rounding down takes from a part, in millionths of a tenth.
func lost(b *branch) int64 { return int64(1e6 * (exact(b) - float64(b.shown))) }

// exact is a part in tenths of a MiB.
func exact(b *branch) float64 { return float64(b.part.Bytes) / mib * 10 }

// leaf is one line of the tree before it is set.
type leaf struct {
	lead  string // the tree's own strokes
	rest  string // the strokes of further lines
	name  string
	note  string
	id    string
	bytes int64
	shown int64
}

// leaves flattens the tree into lines. above are the names over this level. A part with one child that is all of it
// is one line with it: nothing is said twice.
func (p *printer) leaves(level []*branch, above, lead string, depth int, out []leaf) []leaf {
	for i, b := range level {
		name := nameOf(b.part)
		for len(b.children) == 1 && b.children[0].part.Bytes == b.part.Bytes {
			b = b.children[0]
			name = joined(name, nameOf(b.part))
		}
		stroke, under := "├─ ", "│  "
		if i == len(level)-1 {
			stroke, under = "└─ ", "   "
		}
		l := leaf{
			lead: lead + stroke, rest: lead + under, name: name, id: b.part.ID,
			bytes: b.part.Bytes, shown: b.shown,
		}
		if !p.options.Brief {
			l.note = noteOf(b.part, above+" "+name, p.options.Verbose)
		}
		deeper := len(b.children) > 0 && depth < maxDepth
		if deeper {
			l.rest += "│  "
		}
		out = append(out, l)
		if deeper {
			out = p.leaves(b.children, above+" "+name, lead+under, depth+1, out)
		}
	}
	return out
}
