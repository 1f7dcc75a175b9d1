package timeline

import (
	"slices"
	"strconv"
	"strings"

	"whyres/collector/ledger"
	"whyres/collector/mem"
)

// The columns of the size classes.
const (
	wSize  = 10
	wClass = 12
)

// sizes adds the heap's objects by size class, the most memory first.
func (p *printer) sizes(classes []mem.SizeClass) {
	classes = slices.Clone(classes)
	slices.SortStableFunc(classes, func(a, b mem.SizeClass) int {
		return compare(clampInt(b.InUse.Bytes), clampInt(a.InUse.Bytes))
	})
	p.sizeLine(toneHead, "size", "spans", "objects", "in objects", "free slots", "resident")
	var sum, rest mem.SizeClass
	for _, c := range classes {
		addClass(&sum, c)
		switch {
		case p.options.Verbose || c.InUse.Bytes >= leastClass:
			p.sizeClass(sizeName(c), c)
		case c.Spans > 0:
			addClass(&rest, c)
		}
	}
	if rest.Spans > 0 {
		p.sizeClass("rest", rest)
	}
	p.sizeClass("all", sum)
}

// leastClass is what would be shown as 0.0 MiB.
const leastClass = mib / 20

func sizeName(c mem.SizeClass) string {
	if c.Size == 0 {
		return "large"
	}
	return strconv.FormatUint(c.Size, 10) + " B"
}

func addClass(to *mem.SizeClass, c mem.SizeClass) {
	to.Spans = addClamped(to.Spans, c.Spans)
	to.Objects = addClamped(to.Objects, c.Objects)
	to.Allocated = addClamped(to.Allocated, c.Allocated)
	to.Free = addClamped(to.Free, c.Free)
	to.InUse.Resident = addClamped(to.InUse.Resident, c.InUse.Resident)
}

func (p *printer) sizeClass(name string, c mem.SizeClass) {
	mebi := func(bytes uint64) string { return fixed(tenths(clampInt(bytes))) }
	p.sizeLine(tonePlain, name, ledger.Count(c.Spans), ledger.Count(c.Objects), mebi(c.Allocated), mebi(c.Free), mebi(c.InUse.Resident))
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
