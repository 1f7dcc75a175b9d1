package timeline

import (
	"math"
	"strconv"
	"strings"

	"whyres/collector/ledger"
)

// Widths of the tree, in columns.
const (
	treeIndent = 4
	wBytes     = 10
	wMoved     = 8
	wShare     = 8
	barCells   = 12
	widestPart = 44
	leastNote  = 30 // narrower than that, a sentence stands below its part
	noteLines  = 2  // more of a sentence is for --json and -v
)

// treeLayout says where what stands. Columns go as the terminal gets narrower:
// the sentences move below the parts, then the bars go, then the changes, then
// the sentences.
type treeLayout struct {
	name  int // with the strokes
	moved bool
	bar   bool
	note  int // 0: none; -1: no limit
	below bool
	at    int // the column of a sentence beside
}

// newTreeLayout fits a tree whose names need so much into the width.
func newTreeLayout(limit, need int, moved bool) treeLayout {
	t := treeLayout{moved: moved, bar: true}
	numbers := func() int {
		n := wBytes + wShare
		if t.moved {
			n += wMoved
		}
		if t.bar {
			n += 2 + barCells
		}
		return n
	}
	t.name = min(need, widestPart)
	if limit == 0 {
		t.at, t.note = treeIndent+t.name+numbers()+2, -1
		return t
	}
	t.bar = treeIndent+t.name+numbers() <= limit
	t.moved = moved && treeIndent+t.name+numbers() <= limit
	t.name = min(t.name, max(limit-treeIndent-numbers(), width(narrowTitle)))
	t.at = treeIndent + t.name + numbers() + 2
	switch {
	case t.bar && limit-t.at >= leastNote:
		t.note = limit - t.at
	case limit >= 60:
		t.below, t.note = true, limit-treeIndent
	}
	return t
}

// narrowTitle is the shortest title, for which there is always room.
const narrowTitle = "where RES is now"

// tree adds where RES is: name, MiB, change, share, bar, and what each part is.
// before are the bytes of an earlier look by the parts' ids, nil where there is
// none; its RES goes by "".
func (p *printer) tree(title string, res int64, parts []ledger.Part, before map[string]int64) {
	lines := p.leaves(newTree(res, parts, p.options.Verbose), "", "", 0, nil)
	need := width(title)
	for _, l := range lines {
		need = max(need, min(width(l.lead)+width(l.name), widestPart))
	}
	t := newTreeLayout(p.options.Width, need, before != nil)
	p.treeHead(t, title)
	p.part(t, leaf{name: "RES", bytes: res, shown: tenths(res)}, res, before)
	for _, l := range lines {
		p.part(t, l, res, before)
	}
}

func (p *printer) treeHead(t treeLayout, title string) {
	if width(title) > t.name { // a narrow terminal: a line of its own
		p.paragraph(toneHead, treeIndent, title)
		title = ""
	}
	head := strings.Repeat(" ", treeIndent) + left(title, t.name) + right("MiB", wBytes)
	if t.moved {
		head += right("change", wMoved)
	}
	p.line(piece{toneHead, head + right("share", wShare)})
}

// part adds one part: its line, and the further ones of its name and sentence.
func (p *printer) part(t treeLayout, l leaf, res int64, before map[string]int64) {
	indent := strings.Repeat(" ", treeIndent)
	names := wrapWords(l.name, max(t.name-width(l.lead), 8))
	var beside []string
	below := p.note(t, l)
	if !t.below {
		beside, below = below, nil
	}
	for i := range max(len(names), len(beside)) {
		pieces := []piece{{toneDim, indent + l.rest}}
		if i == 0 {
			pieces[0].text = indent + l.lead
		}
		if i < len(names) {
			pieces = append(pieces, piece{tonePlain, left(names[i], t.name-width(l.lead))})
		}
		if i == 0 {
			pieces = append(pieces, numbers(t, l, res, before)...)
		}
		if i < len(beside) {
			pieces = append(pieces, piece{toneDim, strings.Repeat(" ", max(t.at-lineWidth(pieces), 1)) + beside[i]})
		}
		p.line(pieces...)
	}
	for _, text := range below {
		p.line(piece{toneDim, indent + l.rest + text})
	}
}

// numbers are a part's columns and its bar.
func numbers(t treeLayout, l leaf, res int64, before map[string]int64) []piece {
	out := []piece{{tonePlain, right(fixed(l.shown), wBytes)}}
	if t.moved {
		// A part that was not told apart before has not moved by all of itself.
		text, tone := "", toneDim
		if was, ok := before[l.id]; ok {
			moved := tenths(l.bytes) - tenths(was)
			text, tone = signed(moved), changeTone(moved)
		}
		out = append(out, piece{tone, right(text, wMoved)})
	}
	out = append(out, piece{toneDim, right(share(l.bytes, res), wShare)})
	if t.bar && l.id != "" {
		out = append(out, piece{toneGC, "  " + strings.Repeat("█", cells(l.bytes, res))})
	}
	return out
}

// note sets a part's sentence into lines, and cuts it where it gets long.
func (p *printer) note(t treeLayout, l leaf) []string {
	w := t.note
	switch {
	case w == 0 || l.note == "":
		return nil
	case w < 0:
		return []string{l.note}
	case t.below:
		w = max(w-width(l.rest), 8)
	}
	lines := wrapWords(l.note, w)
	if len(lines) <= noteLines || p.options.Verbose {
		return lines
	}
	lines = lines[:noteLines]
	last := []rune(lines[noteLines-1])
	lines[noteLines-1] = strings.TrimRight(string(last[:takeWidth(last, w-1)]), " ,;:") + "…"
	return lines
}

func lineWidth(pieces []piece) int {
	n := 0
	for _, part := range pieces {
		n += width(part.text)
	}
	return n
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
