package goruntime

import (
	"encoding/binary"

	"whyres/collector/mem"
)

// spanBatch is how many spans are read at a time.
const spanBatch = 8192

// readSpans overlays allspans and adds up the objects.
func (t *Target) readSpans(w *walk) error {
	data, n, err := t.memory.slice(t.where.field("mheap_", "allspans"), "mheap_.allspans", maxSpans)
	if err != nil {
		return err
	}
	size := t.where.off("mspan")
	ptrs := make([]byte, 8*spanBatch)
	buf := make([]byte, size*spanBatch)
	var spans []span
	for at := uint64(0); at < n; at += spanBatch {
		count := int(min(n-at, spanBatch))
		if err := t.memory.read(ptrs[:8*count], []span{{data + 8*at, 8 * count}}); err != nil {
			return err
		}
		spans = contiguous(spans[:0], ptrs[:8*count], size)
		got := buf[:0]
		for _, s := range spans {
			got = got[:len(got)+s.size]
		}
		if err := t.memory.read(got, spans); err != nil {
			return err
		}
		for ; len(got) >= size; got = got[size:] {
			w.addSpan(t.where, got[:size])
		}
	}
	return nil
}

// contiguous turns pointers to structs of the size into spans, neighbours
// joined: span structs are allocated in rows.
func contiguous(spans []span, ptrs []byte, size int) []span {
	for ; len(ptrs) >= 8; ptrs = ptrs[8:] {
		p := binary.LittleEndian.Uint64(ptrs)
		if p == 0 {
			continue // not filled in yet
		}
		if last := len(spans) - 1; last >= 0 && spans[last].addr+uint64(spans[last].size) == p {
			spans[last].size += size
			continue
		}
		spans = append(spans, span{p, size})
	}
	return spans
}

// States of a span (runtime.mSpanState). Since Go 1.14 free pages are in no span.
const (
	spanInUse  = 1
	spanManual = 2
	spanFree   = 3
)

// addSpan marks one span's pages and counts its objects. A manual span with an
// element size is of goroutine stacks (runtime/stack.go sets it); the GC's work
// buffers have none.
func (w *walk) addSpan(at *where, b []byte) {
	u64 := func(key string) uint64 { return binary.LittleEndian.Uint64(b[at.off(key):]) }
	start, npages, elemsize := mem.Addr(u64("mspan.startAddr")), u64("mspan.npages"), u64("mspan.elemsize")
	state := pageInUse
	switch b[at.off("mspan.state")] {
	case spanInUse:
		objects := uint64(binary.LittleEndian.Uint16(b[at.off("mspan.allocCount"):]))
		w.stats.HeapObjects += objects
		if class := b[at.off("mspan.spanclass")] >> 1; class == 0 {
			w.stats.HeapAlloc += npages * pageSize
		} else {
			w.stats.HeapAlloc += objects * elemsize
		}
	case spanManual:
		state = pageStack
		if elemsize == 0 {
			state = pageManual
		}
	case spanFree:
		w.addFree(start, npages, at.has("mspan.scavenged") && b[at.off("mspan.scavenged")] != 0)
		return
	default:
		return
	}
	if !w.pages.markSpan(start, npages, state) {
		w.torn = true
	}
}
