package target

import (
	"slices"

	"whyres/collector/mem"
)

// glibc's malloc (malloc/arena.c, malloc/malloc.c) on 64-bit machines.
const (
	// mallocHeap is HEAP_MAX_SIZE: heaps of the arenas beside the main one
	// begin at a multiple of it.
	mallocHeap = 64 << 20
	// heapWords are read of a heap's beginning: struct heap_info {ar_ptr,
	// prev, size, mprotect_size}.
	heapWords = 4
	// chunkWords are read of a chunk's beginning: {prev_size, size and flags}.
	chunkWords = 2
	isMmapped  = 2
	chunkFlags = 7
	// minChunk: malloc maps chunks one by one from 128 KiB on, unless a program
	// sets its threshold lower.
	minChunk = 64 << 10
)

// Bounds on what is read to find malloc's memory.
const (
	maxRounds    = 1 << 12
	maxProbes    = 1 << 16 // pages
	maxHeapHeads = 1 << 14
)

// mallocFinder finds what of the mappings malloc has taken, by what it writes
// at the beginning of each piece. present is all that is present of them.
type mallocFinder struct {
	vmas    []mem.VMA
	present []run
	read    readWords
	known   *claims
}

// find claims heaps of arenas, then chunks that were mapped one by one.
func (f *mallocFinder) find() {
	f.heaps()
	var starts []mem.Addr
	for i := range f.vmas {
		starts = append(starts, f.vmas[i].Start)
	}
	for _, c := range *f.known {
		starts = append(starts, c.End)
	}
	for _, r := range f.present {
		starts = append(starts, r.Start)
	}
	slices.Sort(starts)
	// Chunks lie one behind the other: each may lead to the next.
	for round := 0; round < maxRounds && len(starts) > 0; round++ {
		starts = f.chunks(starts[:min(len(starts), maxProbes)])
	}
	f.chunks(f.unclaimed(maxProbes))
}

// heaps claims the heaps of arenas.
func (f *mallocFinder) heaps() {
	var heads []mem.Addr
	for _, r := range f.present {
		for a := (r.Start + mallocHeap - 1) &^ (mallocHeap - 1); r.Contains(a) && len(heads) < maxHeapHeads; a += mallocHeap {
			heads = append(heads, a)
		}
	}
	_ = f.read(heads, heapWords, func(at mem.Addr, words []uint64) {
		n, ok := heapSize(at, words)
		v := mapping(f.vmas, at)
		if ok && v >= 0 && !f.known.owned(at) {
			f.known.add(mem.RangeAt(at, n).Intersect(f.vmas[v].Range), mem.OwnerMalloc)
		}
	})
}

// heapSize reads struct heap_info: an arena's first heap holds the arena
// itself, right behind; a further one names the heap before it.
func heapSize(at mem.Addr, words []uint64) (uint64, bool) {
	arena, prev, size, usable := mem.Addr(words[0]), mem.Addr(words[1]), words[2], words[3]
	if size == 0 || size > usable || usable > mallocHeap || (size|usable)%osPage != 0 {
		return 0, false
	}
	own := mem.RangeAt(at, mallocHeap).Contains(arena)
	if prev == 0 {
		return usable, own && arena-at <= osPage
	}
	return usable, !own && arena != 0 && prev != at && prev%mallocHeap == 0
}

// chunks claims those that begin at one of the addresses, which are sorted,
// and returns where they end.
func (f *mallocFinder) chunks(at []mem.Addr) (ends []mem.Addr) {
	at = slices.DeleteFunc(at, func(a mem.Addr) bool { return a%osPage != 0 || mapping(f.vmas, a) < 0 || f.known.owned(a) })
	_ = f.read(slices.Compact(at), chunkWords, func(at mem.Addr, words []uint64) {
		v := mapping(f.vmas, at)
		if v < 0 || f.known.owned(at) { // one that was found just now lies over it
			return
		}
		size := words[1] &^ chunkFlags
		r := mem.RangeAt(at, size)
		if words[0] != 0 || words[1]&chunkFlags != isMmapped || size%osPage != 0 || size < minChunk || r.End > f.vmas[v].End {
			return
		}
		if f.known.add(r, mem.OwnerMalloc) {
			ends = append(ends, r.End)
		}
	})
	return ends
}

// unclaimed are the present pages that nobody has, up to a bound.
func (f *mallocFinder) unclaimed(bound int) (out []mem.Addr) {
	for _, r := range f.present {
		if r.kind == mem.PageZero {
			continue
		}
		for a := r.Start; a < r.End && len(out) < bound; a += osPage {
			if i := f.known.after(a); i < len(*f.known) && (*f.known)[i].Contains(a) {
				a = (*f.known)[i].End - osPage
				continue
			}
			out = append(out, a)
		}
	}
	return out
}
