package goruntime

import (
	"errors"
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

// walkTries bounds how often a walk starts over because the runtime changed its
// heap meanwhile.
const walkTries = 5

// Walk reads the whole state of the heap: MemStats with HeapAlloc and
// HeapObjects, and the page allocator joined with what is resident. It takes
// milliseconds for each GiB.
//
// The tables are read piece by piece from a process that runs. A walk counts
// when its sums equal the runtime's counters read before and after it
// (GoPages.Agrees); the best of some tries is returned with Agrees false, and
// MemStats.Torn set, where none does. Residency is asked for afterwards: of
// pages that change hands in that moment it is a moment too late.
//
// Sources: runtime.mheap_.pages.inUse and chunks, mheap_.allspans, each P's
// pcache, mheap_.pages.scav.index (Go 1.21+), mheap_.curArena (1.13 to 1.16),
// mheap_.allArenas (1.12 and 1.13, which have no bitmaps).
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
	if h.Pages, err = w.join(o.Resident); err != nil {
		return nil, fmt.Errorf("process %d: what of its heap is resident: %w", t.PID, err)
	}
	return h, nil
}

// walkUntilAgreed returns the first pass that agrees, or else the last that
// could be read to its end.
func (t *Target) walkUntilAgreed() (*walk, error) {
	var whole *walk
	var failed error
	for try := range walkTries {
		w, err := t.walkOnce()
		if err != nil {
			if !changing(err) {
				return nil, err
			}
			failed = err
			continue
		}
		whole = &w
		w.stats.Retries += try
		if w.agrees() {
			return whole, nil
		}
	}
	if whole == nil {
		return nil, failed
	}
	whole.stats.Torn = true
	return whole, nil
}

// changing: a table can be replaced, and its old memory unmapped, while it is
// read. Only when that happens in every pass is it an error.
func changing(err error) bool {
	return errors.Is(err, ErrUnmapped) || errors.Is(err, ErrMismatch)
}

// walk is one pass over the tables.
type walk struct {
	stats  *mem.MemStats
	after  *mem.MemStats
	arenas []mem.Range
	pages  pageMap
	// torn: the tables contradict each other.
	torn bool
}

func (t *Target) walkOnce() (w walk, err error) {
	if w.stats, err = t.MemStats(); err != nil {
		return w, err
	}
	if err = t.era.chart(t, &w); err != nil {
		return w, err
	}
	if err = t.readSpans(&w); err != nil {
		return w, err
	}
	w.after, err = t.MemStats()
	w.stats.HeapWalked = true
	return w, err
}

// agrees compares the sums with the counters read before and after the pass.
func (w *walk) agrees() bool {
	return !w.torn && !w.stats.Torn && !w.after.Torn && w.sumsEqual(w.stats) && w.sumsEqual(w.after)
}

func (w *walk) sumsEqual(s *mem.MemStats) bool {
	sum := w.pages.sums()
	return sum[pageInUse] == s.HeapInuse && sum[pageStack] == s.StackInuse &&
		sum[pageIdle]+sum[pageDense] == s.HeapIdle-s.HeapReleased &&
		sum[pageReleased]+sum[pageReserved] == s.HeapReleased
}

// join asks what is resident and adds it up by state.
func (w *walk) join(resident ResidentFunc) (*mem.GoPages, error) {
	var there [pageStates]uint64
	err := resident(w.arenas, func(r mem.Range, kind mem.PageKind) {
		if kind != mem.PageZero {
			w.pages.add(&there, r)
		}
	})
	if err != nil {
		return nil, err
	}
	sum := w.pages.sums()
	amount := func(s pageState) mem.Amount { return mem.Amount{Bytes: sum[s], Resident: there[s]} }
	dense, idle := amount(pageDense), amount(pageIdle)
	return &mem.GoPages{
		Arenas:   w.arenas,
		InUse:    amount(pageInUse),
		Stacks:   amount(pageStack),
		Manual:   amount(pageManual),
		Idle:     mem.Amount{Bytes: idle.Bytes + dense.Bytes, Resident: idle.Resident + dense.Resident},
		Released: amount(pageReleased),
		Reserved: amount(pageReserved),
		Dense:    dense,
		Agrees:   w.agrees(),
	}, nil
}
