package goruntime

import (
	"encoding/binary"
	"fmt"
)

// scavengeIndex is runtime.mheap_.pages.scav.index (Go 1.21+), without its
// chunks; the zero value stands for a runtime that has none.
type scavengeIndex struct {
	chunks, n uint64
	gen       uint32
	// min and max bound the chunks whose entries are mapped.
	min, max uint64
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
	return x, err
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
