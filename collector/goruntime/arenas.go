package goruntime

import (
	"encoding/binary"
	"fmt"

	"whyres/collector/mem"
)

// Geometry of the runtime's page allocator (runtime/mpagealloc.go), the same
// on linux/amd64 and linux/arm64, Go 1.14 to 1.27.
const (
	pageSize   = 8 << 10
	chunkPages = 512
	chunkBytes = chunkPages * pageSize
	// The chunks are a two-level array; the index's low bits are the second.
	chunksL2Bits = 13
	chunksL1     = 1 << 13
)

// parseArenas reads the array of mheap_.pages.inUse.ranges.
func (t *Target) parseArenas(buf []byte) ([]mem.Range, error) {
	size := t.where.off("addrRange")
	var arenas []mem.Range
	for ; len(buf) >= size; buf = buf[size:] {
		arenas = append(arenas, mem.Range{
			Start: mem.Addr(binary.LittleEndian.Uint64(buf[t.where.off("addrRange.base"):])),
			End:   mem.Addr(binary.LittleEndian.Uint64(buf[t.where.off("addrRange.limit"):])),
		})
	}
	return arenas, t.checkArenas(arenas)
}

// checkArenas holds the ranges to what the allocator guarantees: sorted, apart,
// whole chunks.
func (t *Target) checkArenas(arenas []mem.Range) error {
	var total uint64
	var last mem.Addr
	for _, a := range arenas {
		if a.Empty() || a.Start < last || a.Start%chunkBytes != 0 || a.End%chunkBytes != 0 {
			return fmt.Errorf("process %d: its heap's address ranges are not in order (%v): %w", t.PID, a, ErrMismatch)
		}
		last = a.End
		total += a.Len()
		if total > maxHeap {
			return fmt.Errorf("process %d: more than %d GiB of heap: %w", t.PID, maxHeap>>30, ErrHeapTooLarge)
		}
	}
	return nil
}

// baseOffset is runtime.arenaBaseOffset: what the chunk index counts from.
func (w *where) baseOffset() uint64 {
	if w.arch == "amd64" {
		return 0xffff800000000000
	}
	return 0
}

func (w *where) chunkIndex(addr mem.Addr) uint64 { return (uint64(addr) - w.baseOffset()) / chunkBytes }
