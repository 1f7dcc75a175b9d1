package goruntime

import (
	"encoding/binary"
	"fmt"

	"whyres/collector/mem"
)

// scavengeIndex is runtime.mheap_.pages.scav.index (Go 1.21+), without its
// chunks; the zero value stands for a runtime that has none.
type scavengeIndex struct {
	chunks, n uint64
	gen       uint32
	// min and max bound the chunks whose entries are mapped.
	min, max uint64
	// search is the address from which the background scavenger searches
	// downwards, next what it becomes when the next GC ends; searched: known.
	search, next mem.Addr
	searched     bool
}

func (t *Target) readScavengeIndex() (x scavengeIndex, err error) {
	w := t.where
	for _, key := range []string{"chunks", "gen", "min", "max"} {
		if !w.has("mheap_.pages.scav.index." + key) {
			return scavengeIndex{}, nil
		}
	}
	if w.minor < 21 {
		return scavengeIndex{}, nil // 1.20's index has another form, and no rule of density
	}
	// It is reserved for the whole address space: its length says little.
	const limit = 1 << 32
	if x.chunks, x.n, err = t.memory.slice(w.field("mheap_", "pages.scav.index.chunks"), "the scavenge index", limit); err != nil {
		return x, err
	}
	var b [20]byte
	err = t.memory.read(b[:], []span{
		{w.field("mheap_", "pages.scav.index.gen"), 4},
		{w.field("mheap_", "pages.scav.index.min"), 8},
		{w.field("mheap_", "pages.scav.index.max"), 8},
	})
	x.gen = binary.LittleEndian.Uint32(b[:])
	x.min, x.max = binary.LittleEndian.Uint64(b[4:]), binary.LittleEndian.Uint64(b[12:])
	if err == nil {
		err = t.readSearch(&x)
	}
	return x, err
}

// readSearch reads where the background scavenger searches. Pages that are freed
// lie above that until the end of the next GC's marking moves it up to the
// highest of them, freeHWM (scavengeIndex.nextGen, runtime/mgcscavenge.go).
func (t *Target) readSearch(x *scavengeIndex) error {
	const bg, hwm = "mheap_.pages.scav.index.searchAddrBg", "mheap_.pages.scav.index.freeHWM"
	if x.searched = t.where.has(bg) && t.where.has(hwm); !x.searched {
		return nil
	}
	var b [16]byte
	err := t.memory.read(b[:], []span{
		{t.where.field("mheap_", "pages.scav.index.searchAddrBg"), 8},
		{t.where.field("mheap_", "pages.scav.index.freeHWM"), 8},
	})
	// An atomicOffAddr holds the distance from the begin of the address space,
	// negative while it is marked, an offAddr the address itself.
	distance := int64(binary.LittleEndian.Uint64(b[:]))
	x.search = t.where.fromBegin(uint64(max(distance, -distance)))
	x.next = max(x.search, t.where.fromBegin(binary.LittleEndian.Uint64(b[8:])-t.where.baseOffset()))
	return err
}

// fromBegin is the address at a distance from the begin of the address space; 0
// at the begin itself, which stands for nowhere (minOffAddr).
func (w *where) fromBegin(distance uint64) mem.Addr {
	if distance == 0 {
		return 0
	}
	return mem.Addr(distance + w.baseOffset())
}

// indexSpan is where the entries of the chunks from first on are.
func (t *Target) indexSpan(x scavengeIndex, first, chunks uint64) (span, error) {
	end := first + chunks
	if first < x.min || end > x.max || end > x.n {
		return span{}, fmt.Errorf("process %d: %w: chunks %d to %d are not in the scavenge index", t.PID, ErrMismatch, first, end)
	}
	return span{x.chunks + 8*first, 8 * int(chunks)}, nil
}

// heldDense applies scavChunkData.shouldScavenge to a packed entry
// (runtime/mgcscavenge.go, the same from Go 1.21 to 1.27): with free pages left
// that the scavenger would take, were it not for the chunk's density.
func heldDense(packed uint64, gen uint32) bool {
	const (
		densePages = 496 // scavChunkHiOccFrac of 512 pages
		mask       = 1<<10 - 1
		hasFree    = 1
	)
	inUse, lastInUse := packed&0xffff, packed>>16&mask
	if packed>>26&hasFree == 0 {
		return false
	}
	if uint32(packed>>32) == gen {
		return inUse >= densePages || lastInUse >= densePages
	}
	return inUse >= densePages
}

// sparseNext: once the next GC has marked, the chunk's density as it is now alone
// decides, if nothing is allocated or freed there meanwhile.
func sparseNext(packed uint64) bool {
	const densePages, hasFree = 496, 1
	return packed>>26&hasFree != 0 && packed&0xffff < densePages
}

// reach is what of the free pages the background scavenger may take as things
// are, and once the next GC has marked.
func (w *walk) reach() (now, next mem.Amount) {
	entries := w.entries
	for _, arena := range w.charted {
		for start := arena.Start; start < arena.End && len(entries) >= 8; start += chunkBytes {
			packed := binary.LittleEndian.Uint64(entries)
			entries = entries[8:]
			if !heldDense(packed, w.index.gen) {
				now = sum(now, w.pages.idleUpTo(start, w.index.search))
			}
			if sparseNext(packed) {
				next = sum(next, w.pages.idleUpTo(start, w.index.next))
			}
		}
	}
	return now, next
}

// idleUpTo is the free pages of a chunk up to an address.
func (m *pageMap) idleUpTo(chunk, last mem.Addr) (a mem.Amount) {
	page, end := m.pagesFrom(chunk)
	end = min(end, page+chunkPages)
	for i := page; i < end && chunk+mem.Addr((i-page)*pageSize) <= last; i++ {
		if m.states[i] == pageIdle || m.states[i] == pageDense {
			a = sum(a, m.behind[i].amount())
		}
	}
	return a
}
