package goruntime

import (
	"fmt"

	"whyres/collector/mem"
)

// Bounds on what one walk reads.
const (
	maxHeap   = 64 << 30
	maxRanges = 1 << 14
	maxSpans  = 16 << 20
	maxPs     = 1 << 16
)

// ResidentFunc tells what is behind the pages of the ranges: it calls visit for
// each run of present pages of one kind, in order of address and clipped to the
// ranges. The ranges are sorted and do not overlap.
type ResidentFunc func(ranges []mem.Range, visit func(mem.Range, mem.PageKind)) error

// WalkOptions say what a walk is to tell.
type WalkOptions struct {
	// Resident is asked what is resident; nil: no pages are told.
	Resident ResidentFunc
	// Sizes wants the objects by size class.
	Sizes bool
}

// Heap is what a walk found.
type Heap struct {
	// Stats are MemStats with HeapAlloc and HeapObjects.
	Stats *mem.MemStats
	// Pages is nil where residency was not asked for.
	Pages *mem.GoPages
	// Released are the runs of released pages, sorted and apart.
	Released []mem.Range
	// Own are the ranges outside the arenas that the runtime has mapped for
	// itself, as far as its tables tell: sorted and apart.
	Own []mem.Range
	// ThreadStacks are the system stacks of the runtime's threads where they lie
	// outside the arenas: C created these threads. Sorted and apart.
	ThreadStacks []mem.Range
}

// Walk reads the whole state of the heap: MemStats with HeapAlloc and
// HeapObjects, and, where residency is asked for, the page allocator, the
// objects and the stacks joined with what is resident, and where the runtime
// keeps its own tables. It takes milliseconds for each GiB.
//
// The tables are read piece by piece from a process that runs. A walk counts
// when its sums equal the runtime's counters read before and after it
// (GoPages.Agrees); the best of some tries is returned with Agrees false, and
// MemStats.Torn set, where none does. Goroutines and residency are asked for
// afterwards: of pages that change hands in that moment it is a moment too late.
// Torn or not, parts sum to their wholes.
//
// Sources: runtime.mheap_.pages.inUse and chunks, mheap_.allspans, each P's
// pcache, mheap_.pages.scav.index (Go 1.21+), allgs, allm; ownRanges says more.
func (t *Target) Walk(o WalkOptions) (*Heap, error) {
	if err := t.usable(); err != nil {
		return nil, err
	}
	w, err := t.walkUntilAgreed()
	if err != nil {
		return nil, err
	}
	h := &Heap{Stats: w.stats}
	if o.Resident == nil {
		return h, nil
	}
	stacks, err := t.readStacks(w)
	if err != nil {
		return nil, err
	}
	if err := o.Resident(w.arenas, w.pages.setBehind); err != nil {
		return nil, fmt.Errorf("process %d: what of its heap is resident: %w", t.PID, err)
	}
	h.Pages = w.join(o.Sizes)
	if stacks != nil {
		h.Pages.Goroutines = stacks.divide(&w.pages)
		h.ThreadStacks = stacks.outside
	}
	h.Released = w.pages.released()
	if t.where.source != fromNearby { // nothing proves these tables' layout
		h.Own, err = t.ownRanges(w.arenas)
	}
	return h, err
}

// join adds up what the walk found by state, and divides the spans in use.
func (w *walk) join(sizes bool) *mem.GoPages {
	amounts, chunks, chunkBytes := w.pages.pieces(maxPieces)
	p := &mem.GoPages{
		Arenas:   w.arenas,
		InUse:    amounts[pageInUse],
		Stacks:   amounts[pageStack],
		Manual:   amounts[pageManual],
		Idle:     sum(amounts[pageIdle], amounts[pageDense]),
		Released: amounts[pageReleased],
		Reserved: amounts[pageReserved],
		Dense:    amounts[pageDense],
		Agrees:   w.agrees(),

		ChunkBytes: chunkBytes,
		Chunks:     chunks,
	}
	if !p.Agrees {
		p.Off = w.off()
	}
	if p.Searched = w.index.searched; p.Searched {
		p.Now, p.Next = w.reach()
	}
	w.divide(p, sizes)
	return p
}
