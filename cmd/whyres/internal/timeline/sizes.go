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
	wCount = 12
	wMiB   = 12
)

// sizes adds the heap's objects by size class, the most memory first.
func (p *printer) sizes(classes []mem.SizeClass) {
	classes = slices.Clone(classes)
	slices.SortStableFunc(classes, func(a, b mem.SizeClass) int {
		return compare(clampInt(b.InUse.Bytes), clampInt(a.InUse.Bytes))
	})
	p.line(piece{toneHead, strings.Repeat(" ", treeIndent) + left("size", wSize) + right("spans", wCount) +
		right("objects", wCount) + right("in objects", wMiB) + right("free slots", wMiB) + right("resident", wMiB)})
	var sum mem.SizeClass
	for _, c := range classes {
		if c.Spans == 0 && !p.options.Verbose {
			continue
		}
		name := "large"
		if c.Size != 0 {
			name = strconv.FormatUint(c.Size, 10)
		}
		p.sizeLine(name, c)
		sum.Spans = addClamped(sum.Spans, c.Spans)
		sum.Objects = addClamped(sum.Objects, c.Objects)
		sum.Allocated = addClamped(sum.Allocated, c.Allocated)
		sum.Free = addClamped(sum.Free, c.Free)
		sum.InUse.Resident = addClamped(sum.InUse.Resident, c.InUse.Resident)
	}
	p.sizeLine("all", sum)
}

func (p *printer) sizeLine(name string, c mem.SizeClass) {
	p.line(piece{tonePlain, strings.Repeat(" ", treeIndent) + left(name, wSize) +
		right(count(c.Spans), wCount) + right(count(c.Objects), wCount) +
		right(fixed(tenths(clampInt(c.Allocated))), wMiB) + right(fixed(tenths(clampInt(c.Free))), wMiB) +
		right(fixed(tenths(clampInt(c.InUse.Resident))), wMiB)})
}
