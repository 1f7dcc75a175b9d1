package goruntime

import (
	"encoding/binary"
	"fmt"
	"os"
	"slices"

	"whyres/collector/mem"
)

// chartBitmaps is Go 1.14 and newer: bitmaps tell which pages are allocated and
// which released.
func (t *Target) chartBitmaps(w *walk) error {
	charted, err := t.readArenas()
	if err != nil {
		return err
	}
	tail, err := t.readTail()
	if err != nil {
		return err
	}
	var ok bool
	if w.arenas, ok = withTail(charted, tail); !ok {
		w.torn = true
	}
	w.pages = newPageMap(w.arenas)
	w.pages.fill(tail, pageReserved)
	if err := t.readChunks(w, charted); err != nil {
		return err
	}
	return t.readPageCaches(w)
}

// readTail reads mheap_.curArena: the part of the newest arena that the heap has
// not grown into. In Go 1.14 to 1.16 it is counted as released although no
// bitmap shows it; since 1.17 it is not counted at all (runtime/mheap.go, grow).
func (t *Target) readTail() (mem.Range, error) {
	if t.where.minor > 16 || !t.where.has("mheap_.curArena.base") || !t.where.has("mheap_.curArena.end") {
		return mem.Range{}, nil
	}
	var b [16]byte
	err := t.memory.read(b[:], []span{
		{t.where.field("mheap_", "curArena.base"), 8},
		{t.where.field("mheap_", "curArena.end"), 8},
	})
	tail := mem.Range{
		Start: mem.Addr(binary.LittleEndian.Uint64(b[:])),
		End:   mem.Addr(binary.LittleEndian.Uint64(b[8:])),
	}
	if err != nil || tail.Empty() {
		return mem.Range{}, err
	}
	return tail, t.checkArenas([]mem.Range{tail})
}

// withTail adds the tail to the sorted ranges, joined with its neighbour; false
// if it lies in one of them: they were read at different instants.
func withTail(ranges []mem.Range, tail mem.Range) ([]mem.Range, bool) {
	if tail.Empty() {
		return ranges, true
	}
	for _, r := range ranges {
		if !r.Intersect(tail).Empty() {
			return ranges, false
		}
	}
	return joined(append(slices.Clone(ranges), tail)), true
}

// joined sorts ranges that are apart, and joins neighbours.
func joined(ranges []mem.Range) []mem.Range {
	slices.SortFunc(ranges, func(a, b mem.Range) int {
		if a.Start < b.Start {
			return -1
		}
		return 1
	})
	var out []mem.Range
	for _, r := range ranges {
		if last := len(out) - 1; last >= 0 && out[last].End == r.Start {
			out[last].End = r.End
			continue
		}
		out = append(out, r)
	}
	return out
}

// arenaBytes is runtime.heapArenaBytes on 64-bit Linux.
const arenaBytes = 64 << 20

// chartFreeSpans is Go 1.12 and 1.13: free pages too are in spans, so that all
// pages are pageReserved until readSpans marks them. From 1.13.1 or so on the
// tail of the newest arena (mheap_.curArena) is in no span, and stays so: it is
// counted as released (runtime/mheap.go, grow).
func (t *Target) chartFreeSpans(w *walk) error {
	data, n, err := t.memory.slice(t.where.field("mheap_", "allArenas"), "mheap_.allArenas", maxRanges)
	if err != nil || n == 0 {
		return err
	}
	b := make([]byte, 8*n)
	if err := t.memory.read(b, []span{{data, len(b)}}); err != nil {
		return err
	}
	arenas := make([]mem.Range, 0, n)
	for ; len(b) >= 8; b = b[8:] {
		index := binary.LittleEndian.Uint64(b)
		if index >= 1<<48/arenaBytes {
			return fmt.Errorf("process %d: %w: arena %d of its heap", t.PID, ErrMismatch, index)
		}
		arenas = append(arenas, mem.RangeAt(mem.Addr(index*arenaBytes+t.where.baseOffset()), arenaBytes))
	}
	w.arenas = joined(arenas)
	if err := t.checkArenas(w.arenas); err != nil {
		return err
	}
	w.pages = newPageMap(w.arenas)
	for _, a := range w.arenas {
		w.pages.fill(a, pageReserved)
	}
	return nil
}

// addFree marks the pages of a free span (Go 1.12 and 1.13). Of a scavenged one
// what fills whole pages of the kernel's is released (mspan.physPageBounds).
func (w *walk) addFree(start mem.Addr, npages uint64, scavenged bool) {
	ok := w.pages.markSpan(start, npages, pageIdle)
	if ok && scavenged {
		page := mem.Addr(max(os.Getpagesize(), pageSize))
		first := (start + page - 1) &^ (page - 1)
		end := (start + mem.Addr(npages*pageSize)) &^ (page - 1)
		if first < end {
			w.pages.fill(mem.Range{Start: first, End: end}, pageReleased)
		}
	}
	if !ok {
		w.torn = true
	}
}

// fill gives the pages of a range within one arena a state.
func (m *pageMap) fill(r mem.Range, state pageState) {
	states := m.at(r.Start)
	for i := range states[:min(uint64(len(states)), r.Len()/pageSize)] {
		states[i] = state
	}
}
