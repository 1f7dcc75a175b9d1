package timeline

import (
	"slices"
	"strconv"
	"strings"

	"whyres/collector/summary"
)

// topColumn is one column of the table of processes.
type topColumn struct {
	head  string
	width int  // the space before it included; 0: the rest of the line
	left  bool // text, not a number
	text  func(*TopRow) string
	tone  func(*TopRow) tone
	// cut is the most columns of a text, 0: no limit.
	cut int
	// telling is the order in which columns get their room, if there is some
	// to spare after it.
	telling, spare int
}

// must: the column is always there.
const must = 0

// cell puts a text in its column. A text begins two columns in.
func (c *topColumn) cell(text string) string {
	if !c.left {
		return right(text, c.width)
	}
	if c.cut > 0 {
		text = cutEnd(text, c.cut)
	}
	return left("  "+text, c.width)
}

func (c *topColumn) toneOf(r *TopRow) tone {
	if c.tone == nil {
		return tonePlain
	}
	return c.tone(r)
}

// cutEnd cuts what does not fit at its end.
func cutEnd(s string, atMost int) string {
	if width(s) <= atMost {
		return s
	}
	runes := []rune(s)
	return string(runes[:takeWidth(runes, max(atMost-1, 0))]) + "…"
}

// The widths of the columns of the table, in columns of the terminal.
const (
	wPID      = 8
	wMiB      = 8
	leastWhy  = 22
	widestTop = 15 // of names and groups
)

// topColumns are those that fit the width: the ones that must be there, the
// reason with some room, and of the others the most telling.
func topColumns(limit int, rows []TopRow) []topColumn {
	all := everyTopColumn(limit, rows)
	isMust := func(c topColumn) bool { return c.telling == must }
	isOther := func(c topColumn) bool { return c.telling != must }
	room := limit - leastWhy - topUsed(slices.DeleteFunc(slices.Clone(all), isOther))
	others := slices.DeleteFunc(slices.Clone(all), isMust)
	slices.SortFunc(others, func(a, b topColumn) int { return a.telling - b.telling })
	leave := map[int]bool{}
	for _, c := range others {
		if leave[c.telling] = limit > 0 && c.width > room-c.spare; !leave[c.telling] {
			room -= c.width
		}
	}
	fits := slices.DeleteFunc(all, func(c topColumn) bool { return leave[c.telling] })
	why := topColumn{head: "why it stays", left: true, text: whyText, tone: whyTone}
	if limit > 0 {
		if why.cut = limit - topUsed(fits); why.cut < 4 {
			return fits
		}
	}
	return append(fits, why)
}

// topUsed is where the reason begins.
func topUsed(columns []topColumn) int {
	used := 2
	for _, c := range columns {
		used += c.width
	}
	return used
}

func everyTopColumn(limit int, rows []TopRow) []topColumn {
	back := "could go back"
	if limit > 0 && limit < 100 {
		back = "go back"
	}
	all := []topColumn{
		{head: "PID", width: wPID, text: func(r *TopRow) string { return strconv.Itoa(r.PID) }},
		textColumn("process", must, rows, func(r *TopRow) string { return r.Comm }),
		textColumn("Go", 4, rows, func(r *TopRow) string { return cutEnd(strings.TrimPrefix(r.GoVersion, "go"), 8) }),
		{head: "RES", width: wMiB + 1, text: func(r *TopRow) string { return fixed(tenths(r.RES)) }},
		sizeColumn("live", wMiB, 2, func(r *TopRow) summary.Size { return r.Live }),
		sizeColumn("garbage ?", 2+wMiB+1, 5, func(r *TopRow) summary.Size { return r.Garbage }),
		sizeColumn("free", wMiB, 3, func(r *TopRow) summary.Size { return r.Free }),
		sizeColumn(back, 2+width(back), must, func(r *TopRow) summary.Size { return r.GoesBack }),
	}
	all[2].spare, all[5].spare = 6, 10
	all[len(all)-1].tone = backTone
	if slices.ContainsFunc(rows, func(r TopRow) bool { return r.Group != "" }) {
		group := textColumn("container", 1, rows, func(r *TopRow) string { return r.Group })
		all = slices.Insert(all, 3, group)
	}
	return all
}

func sizeColumn(head string, width, telling int, of func(*TopRow) summary.Size) topColumn {
	return topColumn{head: head, width: width, telling: telling, text: func(r *TopRow) string { return mebibytes(of(r)) }}
}

// textColumn is as wide as its texts, which are the target's own.
func textColumn(head string, telling int, rows []TopRow, of func(*TopRow) string) topColumn {
	c := topColumn{head: head, left: true, telling: telling, text: func(r *TopRow) string { return clean(of(r), widestTop) }}
	w := width(head)
	for i := range rows {
		w = max(w, width(c.text(&rows[i])))
	}
	c.width = w + 2
	return c
}

// mebibytes is a size that is known, or a question mark.
func mebibytes(s summary.Size) string {
	if !s.Known {
		return "?"
	}
	return fixed(tenths(s.Bytes))
}

// whyText is the largest part of RES in words, and how large it is.
func whyText(r *TopRow) string {
	sign := ""
	if r.Unsteady {
		sign = "! "
	}
	switch {
	case r.Full:
	case r.Light:
		return sign + "?"
	case r.Undivided:
		return sign + "? " + heapChanged
	default:
		return sign + "? " + pagesUnread
	}
	part := share(r.Why.Bytes, r.RES)
	text := sign + strings.Repeat(" ", max(4-width(part), 0)) + part + " " + r.Why.Words
	if r.Cause != "" {
		text += between + r.Cause
	}
	return text
}

func whyTone(r *TopRow) tone {
	if r.Unsteady || !r.Full {
		return toneDim
	}
	return tonePlain
}

// backTone marks what is worth giving back.
func backTone(r *TopRow) tone {
	if tenths(r.GoesBack.Bytes) > 0 {
		return toneReturn
	}
	return toneDim
}
