package goruntime

import (
	"encoding/binary"
	"os"

	"whyres/collector/mem"
)

// What the runtime maps for itself, outside the arenas, in pieces of fixed sizes
// (runtime/malloc.go, mheap.go, mprof.go), the same from Go 1.12 to 1.27.
const (
	// persistentChunk is persistentChunkSize. The chunks hold most of the
	// runtime's small structs: spans, caches, finalizers, profile buckets.
	persistentChunk = 256 << 10
	// gcBitsChunk is gcBitsChunkBytes: mark and allocation bits.
	gcBitsChunk = 64 << 10
	// buckHash is the hash table of the memory profile's buckets.
	buckHash = 179999 * 8
	// arenaIndex is the length of the one table of arenas (1 << arenaL2Bits;
	// arenaL1Bits is 0 on Linux).
	arenaIndex = 1 << 22
	// summaryLevels is how many levels of summaries the page allocator has.
	summaryLevels = 5
)

// Bounds: 16 GiB of persistent chunks, 4 GiB of bits in each list, 1 TiB for
// what a slice header claims.
const (
	maxPersistent = 1 << 16
	maxBitsArenas = 1 << 16
	maxOwnSlice   = 1 << 40
)

// owned collects ranges. What a version does not have, or cannot be read, is
// not told.
type owned struct {
	t      *Target
	arenas []mem.Range
	ranges []mem.Range
}

// ownRanges tells where the runtime keeps its own tables. Some are address space
// that it only reserved: what is resident decides. Missing are: the buffers of
// execution traces, and single blocks of 64 KiB and more that the runtime keeps
// no list of (tables of a thousand arenas and more, unrolled GC programs).
//
// Sources: runtime.persistentChunks, gcBitsArenas, buckhash, work.spanSPMCs;
// mheap_.arenas and the heapArenas, pages.summary, pages.chunks,
// pages.scav.index.chunks, allspans.
func (t *Target) ownRanges(arenas []mem.Range) ([]mem.Range, error) {
	o := &owned{t: t, arenas: arenas}
	for _, source := range []func() error{o.persistent, o.gcBits, o.buckets, o.heapArenas, o.summaries, o.chunks, o.slices, o.spanQueues} {
		if err := source(); err != nil && !changing(err) {
			return nil, err
		}
	}
	return apart(o.ranges, arenas), nil
}

// add notes a block that the runtime mapped by itself: whole pages of the
// kernel's.
func (o *owned) add(start, size uint64) {
	if start == 0 || size == 0 {
		return
	}
	page := mem.Addr(os.Getpagesize())
	r := mem.RangeAt(mem.Addr(start), size)
	if r.End > ^mem.Addr(0)-page {
		return // nothing is mapped there
	}
	o.ranges = append(o.ranges, mem.Range{Start: r.Start &^ (page - 1), End: (r.End + page - 1) &^ (page - 1)})
}

// list follows a linked list of blocks of the size, whose link is at the offset.
// A list that leads round in a circle ends where it comes back to its first
// block, or at the bound.
func (o *owned) list(first uint64, link int, size uint64, most int) error {
	for at, n := first, 0; at != 0 && n < most; n++ {
		next, err := o.t.memory.word(at + uint64(link))
		if err != nil {
			return err
		}
		o.add(at, size)
		if at = next; at == first {
			break
		}
	}
	return nil
}

// persistent are the chunks of runtime.persistentalloc: the first word of each
// leads to the one before.
func (o *owned) persistent() error {
	addr, ok := o.t.where.addr["persistentChunks"]
	if !ok {
		return nil
	}
	first, err := o.t.memory.word(addr)
	if err != nil {
		return err
	}
	return o.list(first, 0, persistentChunk, maxPersistent)
}

// gcBits are the four lists of runtime.gcBitsArenas.
func (o *owned) gcBits() error {
	w := o.t.where
	if _, ok := w.addr["gcBitsArenas"]; !ok || !w.has("gcBitsArena.next") {
		return nil
	}
	for _, list := range []string{"free", "next", "current", "previous"} {
		if !w.has("gcBitsArenas." + list) {
			continue
		}
		first, err := o.t.memory.word(w.field("gcBitsArenas", list))
		if err != nil {
			return err
		}
		if err := o.list(first, w.off("gcBitsArena.next"), gcBitsChunk, maxBitsArenas); err != nil {
			return err
		}
	}
	return nil
}

func (o *owned) buckets() error {
	addr, ok := o.t.where.addr["buckhash"]
	if !ok {
		return nil
	}
	table, err := o.t.memory.word(addr)
	o.add(table, buckHash)
	return err
}

// heapArenas are the table of arenas and a struct for each arena.
func (o *owned) heapArenas() error {
	w := o.t.where
	if !w.has("mheap_.arenas") {
		return nil
	}
	table, err := o.t.memory.word(w.field("mheap_", "arenas"))
	if err != nil || table == 0 {
		return err
	}
	o.add(table, 8*arenaIndex)
	size := uint64(w.off("heapArena"))
	for _, arena := range o.arenas {
		first := (uint64(arena.Start) - w.baseOffset()) / arenaBytes
		last := (uint64(arena.End-1) - w.baseOffset()) / arenaBytes
		if size == 0 || last >= arenaIndex {
			continue
		}
		ptrs := make([]byte, 8*(last-first+1))
		if err := o.t.memory.read(ptrs, []span{{table + 8*first, len(ptrs)}}); err != nil {
			return err
		}
		for ; len(ptrs) >= 8; ptrs = ptrs[8:] {
			o.add(binary.LittleEndian.Uint64(ptrs), size)
		}
	}
	return nil
}
