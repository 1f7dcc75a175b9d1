package ledger

import (
	"fmt"
	"math/bits"

	"whyres/collector/mem"
)

// full divides a Go process's RES by mappings and by the Go heap's pages. What
// the heap's mappings hold beyond the pages' own sums stays unexplained.
func (b *builder) full() {
	sums := classify(b.sample.VMAs, b.sample.Pages.Arenas, b.process, ownSys(b.sample.MemStats))
	pages := b.sample.Pages
	b.putObjects()
	b.put(HeapIdle, resident(pages.Idle), whatIdle)
	b.put(HeapReleased, resident(pages.Released)+resident(pages.Reserved), whatReleased)
	b.put(StacksInUse, resident(pages.Stacks), whatStacks)
	b.put(StacksIdle, 0, whatNoStacks)
	offHeap, what := b.putMetadata(sums)
	b.put(CgoHeap, sums[classCgoHeap], whatCgoHeap)
	b.put(Threads, sums[classThread], whatThreads)
	b.put(OffHeap, offHeap, what)
	b.putFiles(sums)
	if !pages.Agrees {
		b.warn("Go's pages did not sum up to the runtime's own counters: the heap changed while it was read")
	}
	b.warnProblems()
}

// putObjects divides the resident part of the spans in use into what the last
// GC found live, what it did not, and the holes between.
func (b *builder) putObjects() {
	stats, inUse := b.sample.MemStats, resident(b.sample.Pages.InUse)
	if stats == nil || !stats.HeapWalked {
		b.put(HeapObjects, inUse, "spans in use: objects and holes, not told apart as the spans were not walked")
		return
	}
	alloc := clamp(stats.HeapAlloc)
	live := min(marked(stats), alloc)
	what := ""
	if alloc > inUse {
		what = fmt.Sprintf("; %s of all objects are not resident, of which kinds is unknown: both are scaled down", Size(alloc-inUse))
		live = scale(live, inUse, alloc)
		alloc = inUse
	}
	b.put(HeapLive, live, whatLive(stats)+what)
	b.put(HeapGarbage, alloc-live, whatGarbage(stats)+what)
	b.put(HeapHoles, inUse-alloc, whatHoles(b.sample.Pages.InUse))
}

// marked is what the last GC found live. Before the first one the runtime
// keeps a made-up value there.
func marked(stats *mem.MemStats) int64 {
	switch {
	case stats.NumGC == 0:
		return 0
	case stats.HeapMarked == 0: // not read: no GC marks nothing at all
		return clamp(stats.HeapAlloc)
	}
	return clamp(stats.HeapMarked)
}

func whatLive(stats *mem.MemStats) string {
	switch {
	case stats.NumGC == 0:
		return "no GC has told what is live yet"
	case stats.HeapMarked == 0:
		return "objects, live or not: what the last GC marked is not known"
	}
	return fmt.Sprintf("objects that GC %d, the last, found live", stats.NumGC)
}

func whatGarbage(stats *mem.MemStats) string {
	switch {
	case stats.NumGC == 0:
		return "objects allocated, live or not: the first GC tells"
	case stats.HeapMarked == 0:
		return "not told from live objects"
	}
	return "objects that the last GC did not mark, or that came after it; live or not: the next GC tells"
}

func whatHoles(inUse mem.Amount) string {
	const what = "holes in spans that hold objects"
	if inUse.Bytes > inUse.Resident {
		return what + fmt.Sprintf("; at least: %s of these spans are not resident", Size(clamp(inUse.Bytes-inUse.Resident)))
	}
	return what
}

// scale is part*to/of, exactly.
func scale(part, to, of int64) int64 {
	if part <= 0 || to <= 0 || of <= 0 {
		return 0
	}
	high, low := bits.Mul64(uint64(part), uint64(to))
	quotient, _ := bits.Div64(high, low, uint64(of)) // part <= of: it fits
	return int64(quotient)
}

// putMetadata puts the runtime's own memory, and returns what is left of the
// anonymous mappings that nothing names: memory mapped outside Go's heap.
func (b *builder) putMetadata(sums map[class]int64) (offHeap int64, what string) {
	d := b.divide(sums)
	b.put(Metadata, sums[classRuntime]+d.own+resident(b.sample.Pages.Manual), whatMetadata+d.ownWhat)
	return d.offHeap + sums[classOffHeap], d.offHeapWhat
}

// division is unnamed anonymous memory in two: the Go runtime's own, and what
// the program or C mapped.
type division struct {
	own, offHeap         int64
	ownWhat, offHeapWhat string
}

// divide tells the two apart: by what a trace saw the program map, else by
// the runtime's own counters. A mapping that is longer than all that they
// count is none of the runtime's, and of the shorter ones at most as much as
// they count is. The kernel may join neighbours into one mapping: the division
// is then off, by at most what the counters say.
func (b *builder) divide(sums map[class]int64) division {
	unnamed := sums[classAnon] + sums[classLong]
	if mapped := b.known.UserAnon; mapped != nil {
		offHeap := min(unnamed, resident(*mapped))
		return division{own: unnamed - offHeap, offHeap: offHeap, offHeapWhat: "mapped by the program's own code"} //nolint:gosec // prose, no credentials
	}
	if b.sample.MemStats == nil {
		return division{offHeapWhat: "not told from the Go runtime's own memory", ownWhat: "; not told from what the program mapped"}
	}
	counted := clamp(ownSys(b.sample.MemStats))
	// Work buffers are counted, but lie in the arenas.
	most := max(0, counted-clamp(b.sample.Pages.Manual.Bytes)-sums[classRuntime])
	own := min(sums[classAnon], most)
	return division{
		own: own, offHeap: unnamed - own,
		ownWhat: fmt.Sprintf("; at most, by its counters of %s: short mappings of the program count here too", Size(counted)),
		offHeapWhat: fmt.Sprintf("mapped outside Go's heap, by Go code or by C: anonymous mappings longer than the %s that the Go runtime counts for itself, and what of the others exceeds that",
			Size(counted)),
	}
}

// ownSys is what the Go runtime has mapped for itself, by its own counters.
func ownSys(m *mem.MemStats) uint64 {
	if m == nil {
		return noBound
	}
	return min(m.MSpanSys, 1<<50) + min(m.MCacheSys, 1<<50) + min(m.GCSys, 1<<50) + min(m.OtherSys, 1<<50) + min(m.BuckHashSys, 1<<50)
}
