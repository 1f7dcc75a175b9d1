package timeline

import (
	"slices"
	"strconv"
	"strings"

	"whyres/collector/mem"
)

// The columns of the size classes.
const (
	wSize  = 9
	wClass = 12
)

// sizes adds the heap's objects by size class, the most memory first.
func (p *printer) sizes(classes []mem.SizeClass) {
	classes = slices.Clone(classes)
	slices.SortStableFunc(classes, func(a, b mem.SizeClass) int {
		return compare(clampInt(b.InUse.Bytes), clampInt(a.InUse.Bytes))
	})
	p.sizeLine(toneHead, "size", "spans", "objects", "in objects", "free slots", "resident")
	var sum mem.SizeClass
	for _, c := range classes {
		if c.Spans == 0 && !p.options.Verbose {
			continue
		}
		name := "large"
		if c.Size != 0 {
			name = strconv.FormatUint(c.Size, 10) + " B"
		}
		p.sizeClass(name, c)
		sum.Spans = addClamped(sum.Spans, c.Spans)
		sum.Objects = addClamped(sum.Objects, c.Objects)
		sum.Allocated = addClamped(sum.Allocated, c.Allocated)
		sum.Free = addClamped(sum.Free, c.Free)
		sum.InUse.Resident = addClamped(sum.InUse.Resident, c.InUse.Resident)
	}
	p.sizeClass("all", sum)
}

func (p *printer) sizeClass(name string, c mem.SizeClass) {
	mebi := func(bytes uint64) string { return fixed(tenths(clampInt(bytes))) }
	p.sizeLine(tonePlain, name, count(c.Spans), count(c.Objects), mebi(c.Allocated), mebi(c.Free), mebi(c.InUse.Resident))
}

// sizeLine sets one line. On a narrow terminal the columns go from the left.
func (p *printer) sizeLine(t tone, name string, columns ...string) {
	if limit := p.options.Width; limit > 0 {
		fit := max((limit-treeIndent-wSize)/wClass, 1)
		columns = columns[max(len(columns)-fit, 0):]
	}
	line := strings.Repeat(" ", treeIndent) + left(name, wSize)
	for _, column := range columns {
		line += right(column, wClass)
	}
	p.line(piece{t, line})
}
