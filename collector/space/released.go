package space

import (
	"iter"

	"whyres/collector/mem"
)

// Released is the part of an address space that traced calls released and
// that is still mapped as it was then: memory that may have come back since.
type Released struct {
	set  *Set
	page mem.Addr
	// brk is the end of the brk heap as the last call returned it, 0 if none
	// was seen.
	brk mem.Addr
}

// NewReleased starts empty. The kernel takes lengths up to whole pages of
// pageSize bytes; at most limit intervals are kept, 0 means DefaultLimit.
func NewReleased(pageSize, limit int) *Released {
	if pageSize <= 0 || pageSize&(pageSize-1) != 0 {
		pageSize = 4096 // a damaged header: the pages of nearly every machine
	}
	return &Released{set: NewSet(limit), page: mem.Addr(pageSize)}
}

// Ranges yields the released ranges in order of address.
func (r *Released) Ranges() iter.Seq[mem.Range] { return r.set.All() }

// Bytes is how much address space was released and is still mapped.
func (r *Released) Bytes() uint64 { return r.set.Bytes() }

// Forgotten is how many bytes did not fit into the bound of intervals: where
// it is not 0, what Apply returns is at least so much, rather than so much.
func (r *Released) Forgotten() uint64 { return r.set.Forgotten() }

// Span is the range of a call, its length taken up to whole pages.
func (r *Released) Span(e *mem.Event) mem.Range { return r.span(e.Addr, e.Len) }

// Within yields the parts of a range that are released, in order of address.
// Nothing must be applied meanwhile.
func (r *Released) Within(span mem.Range) iter.Seq[mem.Range] { return r.set.Within(span) }

// Reset forgets everything: exec replaced the address space.
func (r *Released) Reset() {
	r.set.Clear()
	r.brk = 0
}

// Apply takes a call in, in the order of the calls, and returns how many bytes
// of a release lay in ranges that were released before, and not mapped anew
// since. They need not have been resident: that is for the call's own RES
// change to tell. Every other call returns 0.
func (r *Released) Apply(e *mem.Event) (again uint64) {
	switch e.Call {
	case mem.Madvise:
		return r.madvise(e)
	case mem.Mmap:
		if !e.Failed() {
			r.set.Remove(r.span(mem.Addr(e.Ret), e.Len))
		}
	case mem.Munmap:
		if !e.Failed() {
			r.set.Remove(r.span(e.Addr, e.Len))
		}
	case mem.Mremap:
		if !e.Failed() {
			r.mremap(e)
		}
	case mem.Brk:
		if !e.Failed() {
			r.moveBreak(mem.Addr(e.Ret))
		}
	case mem.ProcessMadvise, mem.PrctlSetVMA:
		// The ranges of process_madvise are in the caller's memory, which an
		// event does not carry; a name changes nothing.
	}
	return 0
}

// madvise marks a release. One that met a hole in the address space answers
// ENOMEM but has released all that is mapped; any other failure is taken to
// have released nothing.
func (r *Released) madvise(e *mem.Event) uint64 {
	if !e.Releases() || e.Failed() && e.Errno != "ENOMEM" {
		return 0
	}
	span := r.span(e.Addr, e.Len)
	again := r.set.Overlap(span)
	r.set.Add(span)
	return again
}

// mremap takes the old place out, and the new one; what of the old one had
// been released is so at the new one.
func (r *Released) mremap(e *mem.Event) {
	from, to := r.span(e.Addr, e.Len), r.span(mem.Addr(e.Ret), e.NewLen)
	if from.Start == to.Start {
		// In place: a tail was cut off, or a fresh one was added.
		r.set.Remove(mem.Range{Start: min(from.End, to.End), End: max(from.End, to.End)})
		return
	}
	moved := mem.Range{Start: from.Start, End: from.Start + mem.Addr(min(from.Len(), to.Len()))}
	var parts []mem.Range
	for part := range r.set.Within(moved) {
		parts = append(parts, part)
	}
	// With MREMAP_DONTUNMAP the old place stays mapped, but all its pages
	// have gone to the new one: nothing was released there by a release.
	r.set.Remove(from)
	r.set.Remove(to)
	for _, part := range parts {
		r.set.Add(mem.RangeAt(to.Start+(part.Start-from.Start), part.Len()))
	}
}

// moveBreak follows the end of the brk heap: what lies between the old and
// the new end was unmapped, or is mapped anew.
func (r *Released) moveBreak(end mem.Addr) {
	if r.brk != 0 {
		low, high := min(r.brk, end), max(r.brk, end)
		r.set.Remove(mem.Range{Start: r.pageUp(low), End: r.pageUp(high)})
	}
	r.brk = end
}

// span is the range of a call, its length taken up to whole pages.
func (r *Released) span(start mem.Addr, length uint64) mem.Range {
	span := mem.RangeAt(start, length)
	span.End = r.pageUp(span.End)
	return span
}

// pageUp is the next page border, the last of the address space for what lies
// behind it.
func (r *Released) pageUp(a mem.Addr) mem.Addr {
	if up := (a + r.page - 1) &^ (r.page - 1); up >= a {
		return up
	}
	return ^mem.Addr(0) &^ (r.page - 1)
}
