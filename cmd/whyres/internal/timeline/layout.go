package timeline

import "strings"

// layout says which columns fit a width, and how wide they are. Columns go in
// the order of what a reader can do without: released, in use, idle, then the
// change; below that the text gets lines of its own.
type layout struct {
	width    int // 0: no limit
	unit     bool
	inUse    bool
	idle     bool
	released bool
	change   bool
	below    bool // the text stands below the row
	text     int  // column at which the text begins
	word     int  // width of the word, with the space after it
}

// Widths of the columns, in columns of the terminal.
const (
	wTime     = 9
	wRES      = 8
	wUnit     = 4 // " MiB"
	wChange   = 8
	wInUse    = 8
	wIdle     = 7
	wReleased = 9
	wWord     = 9 // with the space after it
	leastText = 38
	wideText  = 60 // room enough for two spaces before the text
	// belowIndent is where the text stands that has lines of its own.
	belowIndent = 4
)

// newLayout fits the columns into the width. heap is false where there is no Go
// heap to show.
func newLayout(limit int, heap bool) layout {
	l := layout{width: limit, unit: true, inUse: heap, idle: heap, released: heap, change: true, word: wWord + 1}
	if limit <= 0 {
		l.width = 0
		return l.place()
	}
	if l.place().text+wideText <= limit {
		return l.place()
	}
	l.word = wWord
	drops := [...]func(){
		func() { l.unit = false },
		func() { l.released = false },
		func() { l.inUse = false },
		func() { l.idle = false },
	}
	for _, drop := range drops {
		if l = l.place(); limit-l.text >= leastText {
			return l
		}
		drop()
	}
	if l = l.place(); limit-l.text >= leastText {
		return l
	}
	l.below = true
	l.change = limit >= 40
	return l.place()
}

// place computes where the text begins.
func (l layout) place() layout {
	l.text = belowIndent
	if !l.below {
		l.text = l.signAt() + 2 + l.word
	}
	return l
}

// signAt is the column of the sign.
func (l layout) signAt() int {
	at := wTime + wRES + 2
	for _, c := range [...]struct {
		on    bool
		width int
	}{{l.unit, wUnit}, {l.change, wChange}, {l.inUse, wInUse}, {l.idle, wIdle}, {l.released, wReleased}} {
		if c.on {
			at += c.width
		}
	}
	return at
}

// head is the line of the columns' names.
func (l layout) head() []piece {
	res := "RES"
	if l.unit {
		res += strings.Repeat(" ", wUnit)
	}
	line := right("+time", wTime) + right(res, wRES+l.unitWidth())
	for _, c := range [...]struct {
		on    bool
		name  string
		width int
	}{{l.change, "change", wChange}, {l.inUse, "in use", wInUse}, {l.idle, "idle", wIdle}, {l.released, "released", wReleased}} {
		if c.on {
			line += right(c.name, c.width)
		}
	}
	return []piece{{toneHead, line}}
}

func (l layout) unitWidth() int {
	if l.unit {
		return wUnit
	}
	return 0
}

// columns are the row's numbers, each padded to its column.
func (l layout) columns(r *row) []piece {
	when := since(r.at, r.zero)
	out := []piece{{toneDim, strings.Repeat(" ", max(wTime-width(when), 0)) + when}}
	res, unit, change := "", "", ""
	moved := int64(0)
	if r.columns && r.cur.resKnown {
		res, unit = fixed(tenths(r.cur.res())), " MiB"
		if r.prev.resKnown {
			moved = tenths(r.cur.res()) - tenths(r.prev.res())
			change = signed(moved)
		}
	}
	out = append(out, piece{tonePlain, right(res, wRES)})
	if l.unit {
		out = append(out, piece{toneDim, left(unit, wUnit)})
	}
	if l.change {
		out = append(out, piece{changeTone(moved), right(change, wChange)})
	}
	return append(out, l.heap(r)...)
}

func changeTone(moved int64) tone {
	switch {
	case moved > 0:
		return toneGrow
	case moved < 0:
		return toneReturn
	}
	return tonePlain
}

// heap are the columns of the Go heap.
func (l layout) heap(r *row) []piece {
	h := r.cur.heap
	var out []piece
	for _, c := range [...]struct {
		on    bool
		bytes int64
		width int
	}{{l.inUse, h.inUse, wInUse}, {l.idle, h.idle, wIdle}, {l.released, h.released, wReleased}} {
		text := ""
		if r.columns && h.known {
			text = fixed(tenths(c.bytes))
		}
		if c.on {
			out = append(out, piece{tonePlain, right(text, c.width)})
		}
	}
	return out
}

// right puts s at the right of w columns, with a space before it always: a
// number too long for its column moves the row, but joins no other.
func right(s string, w int) string { return strings.Repeat(" ", max(w-width(s), 1)) + s }

func left(s string, w int) string { return s + strings.Repeat(" ", max(w-width(s), 0)) }
