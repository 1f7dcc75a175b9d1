package timeline

import (
	"math"
	"slices"
	"strconv"
	"strings"

	"whyres/collector/ledger"
)

// branch is one part of RES with the parts that it is made of.
type branch struct {
	part     ledger.Part
	children []*branch
}

// Bounds for what a file may say.
const (
	maxParts = 1000
	maxDepth = 8
)

// newTree builds the tree of a ledger's parts: the largest first on each level,
// what is unexplained last, and nothing that is empty but that.
func newTree(parts []ledger.Part) []*branch {
	byID := make(map[string]*branch, len(parts))
	var top []*branch
	for _, p := range parts[:min(len(parts), maxParts)] {
		b := &branch{part: p}
		if parent := byID[p.Parent]; p.Parent != "" && parent != nil {
			parent.children = append(parent.children, b)
		} else if p.Parent == "" {
			top = append(top, b)
		}
		byID[p.ID] = b
	}
	return tidy(top)
}

func tidy(level []*branch) []*branch {
	level = slices.DeleteFunc(level, func(b *branch) bool { return b.part.Bytes == 0 && b.part.ID != ledger.Unexplained })
	slices.SortStableFunc(level, func(a, b *branch) int {
		switch {
		case a.part.ID == ledger.Unexplained:
			return 1
		case b.part.ID == ledger.Unexplained:
			return -1
		}
		return int(max(-1, min(1, b.part.Bytes-a.part.Bytes)))
	})
	for _, b := range level {
		b.children = tidy(b.children)
	}
	return level
}

// leaf is one line of the tree before it is set.
type leaf struct {
	lead  string // the tree's own strokes
	rest  string // the strokes of further lines
	label string
	bytes int64
}

// leaves flattens the tree into lines. A part with one child that is all of it
// is that child: nothing is said twice.
func leaves(level []*branch, lead string, depth int, out []leaf) []leaf {
	for i, b := range level {
		for len(b.children) == 1 && b.children[0].part.Bytes == b.part.Bytes {
			b = b.children[0]
		}
		stroke, under := "├─ ", "│  "
		if i == len(level)-1 {
			stroke, under = "└─ ", "   "
		}
		out = append(out, leaf{lead: lead + stroke, rest: lead + under, label: labelOf(b.part), bytes: b.part.Bytes})
		if depth < maxDepth {
			out = leaves(b.children, lead+under, depth+1, out)
		}
	}
	return out
}

// labelOf is a part in a few words: its description up to the first colon.
func labelOf(p ledger.Part) string {
	if p.ID == ledger.Unexplained || p.What == "" {
		return clean(p.ID, 60)
	}
	text, _, _ := strings.Cut(p.What, ": ")
	text, _, _ = strings.Cut(text, "; ")
	return clean(text, 100)
}

// Widths of the tree, in columns.
const (
	treeIndent  = 4
	wBytes      = 10
	wShare      = 8
	barCells    = 16
	widestLabel = 64
)

// tree adds where RES is: name, MiB, share, bar.
func (p *printer) tree(title string, res int64, parts []ledger.Part) {
	lines := leaves(newTree(parts), "", 0, nil)
	label := p.labelWidth(title, lines)
	bar := p.options.Width == 0 || treeIndent+label+wBytes+wShare+2+barCells <= p.options.Width
	if width(title) > label { // a narrow terminal: a line of its own
		p.paragraph(toneHead, treeIndent, title)
		title = ""
	}
	head := left(title, label) + right("MiB", wBytes) + right("share", wShare)
	indent := strings.Repeat(" ", treeIndent)
	p.line(piece{toneHead, indent + head})
	p.line(piece{tonePlain, indent + left("RES", label)}, piece{tonePlain, right(fixed(tenths(res)), wBytes)}, piece{toneDim, right("100 %", wShare)})
	for _, l := range lines {
		wrapped := wrapWords(l.label, label-width(l.lead))
		for i, text := range wrapped {
			if i > 0 {
				p.line(piece{toneDim, indent + l.rest}, piece{tonePlain, text})
				continue
			}
			pieces := []piece{
				{toneDim, indent + l.lead},
				{tonePlain, left(text, label-width(l.lead))},
				{tonePlain, right(fixed(tenths(l.bytes)), wBytes)},
				{toneDim, right(share(l.bytes, res), wShare)},
			}
			if bar {
				pieces = append(pieces, piece{toneGC, "  " + strings.Repeat("█", cells(l.bytes, res))})
			}
			p.line(pieces...)
		}
	}
}

// labelWidth is the room for the names: what they need, as far as the width
// allows.
func (p *printer) labelWidth(title string, lines []leaf) int {
	need := width(title)
	for _, l := range lines {
		need = max(need, min(width(l.lead)+width(l.label), widestLabel))
	}
	if p.options.Width > 0 {
		need = min(need, max(p.options.Width-treeIndent-wBytes-wShare, width("where RES is now")))
	}
	return need
}

// share is a part of RES in whole per cent.
func share(bytes, res int64) string {
	if res <= 0 {
		return ""
	}
	percent := math.Round(float64(bytes) / float64(res) * 100)
	if percent == 0 {
		percent = 0 // not "-0"
	}
	return strconv.FormatFloat(percent, 'f', 0, 64) + " %"
}

// cells is the length of a part's bar.
func cells(bytes, res int64) int {
	if res <= 0 || bytes <= 0 {
		return 0
	}
	return int(math.Round(min(float64(bytes)/float64(res), 1) * barCells))
}
