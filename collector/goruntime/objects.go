package goruntime

import (
	"math/bits"

	"whyres/collector/mem"
)

// divide tells objects and holes apart within the spans in use, by size class
// where sizes are wanted. Objects and holes sum to InUse: its pages are those of
// the spans that are looked through here.
func (w *walk) divide(p *mem.GoPages, sizes bool) {
	table := halvesTable()
	var classes [1 << 7]mem.SizeClass
	for i := range w.spans {
		s := &w.spans[i]
		in := w.pages.spanAmount(s, &table)
		objects, either := divideSpan(in, s.allocated())
		p.Objects = sum(p.Objects, objects)
		p.Either += either
		if sizes {
			addSpan(&classes[s.class], s, in)
		}
	}
	p.Holes = rest(p.InUse, p.Objects)
	if !sizes {
		return
	}
	for class, c := range classes {
		if c.Spans > 0 {
			c.Class = class
			p.Sizes = append(p.Sizes, c)
		}
	}
}

// spanAmount is what is resident of a span.
func (m *pageMap) spanAmount(s *heapSpan, table *[halvesCases]mem.Amount) (a mem.Amount) {
	page, _ := m.pagesFrom(s.start)
	for _, b := range m.behind[page : page+int(s.npages)] {
		a = sum(a, table[b%halvesCases])
	}
	return a
}

// divideSpan is the objects' part of a span that has allocated bytes of objects.
// Where the span is resident in part, what is resident is taken for objects as
// far as these go; either is how much of that may be holes instead, if the
// holes are resident.
func divideSpan(in mem.Amount, allocated uint64) (objects mem.Amount, either uint64) {
	objects.Bytes = min(allocated, in.Bytes)
	holes := in.Bytes - objects.Bytes
	objects.Resident = min(in.Resident, objects.Bytes)
	if in.Resident > 0 {
		objects.Huge = share(in.Huge, objects.Resident, in.Resident)
	}
	objects.Zero = min(in.Zero, objects.Bytes-objects.Resident)
	certain := in.Resident - min(in.Resident, holes)
	return objects, objects.Resident - min(objects.Resident, certain)
}

// share is amount x part / whole, rounded down; part is at most whole, and whole
// not 0.
func share(amount, part, whole uint64) uint64 {
	hi, lo := bits.Mul64(amount, part)
	quo, _ := bits.Div64(hi, lo, whole)
	return quo
}

// addSpan adds a span to its class.
func addSpan(c *mem.SizeClass, s *heapSpan, in mem.Amount) {
	c.Size = uint64(s.size)
	c.Spans++
	c.Objects += uint64(s.objects)
	c.InUse = sum(c.InUse, in)
	c.Allocated += min(s.allocated(), in.Bytes)
	c.Free += s.free()
}
