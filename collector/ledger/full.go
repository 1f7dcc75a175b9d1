package ledger

import "whyres/collector/mem"

// full divides a Go process's RES by mappings and by the Go heap's pages. What
// the heap's mappings hold beyond the pages' own sums stays unexplained.
func (b *builder) full() {
	h := hold(b.sample.VMAs, b.sample.Pages.Arenas, b.process)
	b.putHeap(h.back)
	b.putOutside(&h, b.sample.Pages.Manual)
	if pages := b.sample.Pages; !pages.Agrees {
		b.warn("the heap changed while it was read: its parts are off by up to " + Size(clamp(pages.Off)))
	}
	b.warnProblems()
}

// undivided is full without trust in Go's pages.
func (b *builder) undivided() {
	pages := b.sample.Pages
	h := hold(b.sample.VMAs, pages.Arenas, b.process)
	b.put(HeapUndivided, h.class[classArena], "Go's heap and goroutine stacks, not told apart: they changed while they were read")
	b.putOutside(&h, mem.Amount{})
	off := "by an unknown amount"
	if pages.Off > 0 {
		off = "by " + Size(clamp(pages.Off))
	}
	b.warn("the sums over Go's pages differ from the runtime's own counters " + off +
		": the heap changed each time that it was read, so its parts are unknown; ask again, best while the process is less busy")
	b.warnProblems()
}

// usable: the sums equal the runtime's counters, or are off by no more than a
// hundredth of the heap.
func usable(p *mem.GoPages) bool {
	heap := clamp(p.InUse.Bytes) + clamp(p.Stacks.Bytes) + clamp(p.Manual.Bytes) + clamp(p.Idle.Bytes) + clamp(p.Released.Bytes)
	return p.Agrees || p.Off > 0 && clamp(p.Off) <= heap/100
}

// putOutside puts all that lies outside the heap's mappings, and the runtime's
// own memory inside.
func (b *builder) putOutside(h *holdings, manual mem.Amount) {
	d := b.divide(h)
	b.put(Metadata, h.owner[mem.OwnerRuntime]+h.class[classRuntime]+resident(manual)+d.own, whatMetadata+d.ownWhat)
	b.put(CgoHeap, h.owner[mem.OwnerMalloc]+h.class[classCgoHeap], whatCgoHeap)
	b.put(Threads, h.owner[mem.OwnerThread]+h.class[classThread], whatThreads)
	b.put(OffHeap, d.offHeap+h.class[classOffHeap], d.offHeapWhat)
	b.putFiles(h)
}
