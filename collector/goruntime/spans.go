package goruntime

import (
	"encoding/binary"

	"whyres/collector/mem"
)

// spanBatch is how many pointers to spans are read at a time.
const spanBatch = 64 << 10

// States of a span (runtime.mSpanState). Since Go 1.14 free pages are in no span.
const (
	spanInUse  = 1
	spanManual = 2
	spanFree   = 3
)

// maxClassPages bounds the spans of small objects: the runtime's longest has 10
// pages or so (runtime.class_to_allocnpages).
const maxClassPages = 256

// heapSpan is what a walk keeps of one span, 24 bytes: a heap of 8 GiB can have
// a million.
type heapSpan struct {
	start   mem.Addr
	npages  uint32
	size    uint32 // of an object; 0 in class 0
	objects uint16
	slots   uint16
	class   uint8
	state   pageState
}

// allocated is the bytes of the span's objects: in class 0 the whole span, as
// the runtime counts it.
func (s *heapSpan) allocated() uint64 {
	if s.class == 0 {
		return uint64(s.npages) * pageSize
	}
	return uint64(s.objects) * uint64(s.size)
}

// free is the bytes of the free slots.
func (s *heapSpan) free() uint64 {
	if s.class == 0 {
		return 0
	}
	return uint64(s.slots-s.objects) * uint64(s.size)
}

// spanLayout is the layout of runtime.mspan, looked up once.
type spanLayout struct {
	size, start, npages, state, elemsize, allocCount, nelems, class int
	// scavenged is of Go 1.12 and 1.13 only: -1 for others.
	scavenged int
}

func (t *Target) spanLayout() spanLayout {
	off := t.where.off
	scavenged := -1
	if t.where.has("mspan.scavenged") {
		scavenged = off("mspan.scavenged")
	}
	return spanLayout{
		size: off("mspan"), start: off("mspan.startAddr"), npages: off("mspan.npages"), state: off("mspan.state"),
		elemsize: off("mspan.elemsize"), allocCount: off("mspan.allocCount"), nelems: off("mspan.nelems"), class: off("mspan.spanclass"),
		scavenged: scavenged,
	}
}

// append adds the spans in use of a row of structs.
func (l spanLayout) append(spans []heapSpan, row []byte) []heapSpan {
	for ; len(row) >= l.size; row = row[l.size:] {
		if s, ok := l.parse(row[:l.size]); ok {
			spans = append(spans, s)
		}
	}
	return spans
}

// parse reads one span. A manual span with an element size is of goroutine
// stacks (runtime/stack.go sets it); the GC's work buffers have none. A struct
// that is being changed can say anything: then it has no pages, and contradicts
// the bitmaps.
func (l spanLayout) parse(b []byte) (s heapSpan, ok bool) {
	elemsize := binary.LittleEndian.Uint64(b[l.elemsize:])
	switch b[l.state] {
	case spanInUse:
		s.state = pageInUse
	case spanManual:
		s.state = pageStack
		if elemsize == 0 {
			s.state = pageManual
		}
	case spanFree:
		if l.scavenged < 0 {
			return s, false
		}
		s.state = pageIdle
		if b[l.scavenged] != 0 {
			s.state = pageReleased
		}
	default:
		return s, false
	}
	s.start = mem.Addr(binary.LittleEndian.Uint64(b[l.start:]))
	npages := binary.LittleEndian.Uint64(b[l.npages:])
	if npages > maxHeap/pageSize {
		return s, true
	}
	s.npages = uint32(npages)
	if s.state != pageInUse {
		return s, true
	}
	s.class = b[l.class] >> 1
	s.objects = binary.LittleEndian.Uint16(b[l.allocCount:])
	s.slots = binary.LittleEndian.Uint16(b[l.nelems:])
	if s.class == 0 {
		return s, true
	}
	const largest = maxClassPages * pageSize
	if npages > maxClassPages || elemsize > largest || s.objects > s.slots || uint64(s.slots)*elemsize > npages*pageSize {
		s.npages = 0
	}
	s.size = uint32(min(elemsize, largest))
	return s, true
}
