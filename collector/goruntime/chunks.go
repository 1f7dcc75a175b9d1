package goruntime

import (
	"fmt"

	"whyres/collector/mem"
)

// readChunks marks every page of the ranges by the chunks' bitmaps.
func (t *Target) readChunks(w *walk, ranges []mem.Range) error {
	index, err := t.readScavengeIndex()
	if err != nil {
		return err
	}
	size := t.where.off("pallocData")
	if t.where.off("pallocData.scavenged")+chunkPages/8 > size {
		return fmt.Errorf("process %d: %w: pallocData of %d bytes", t.PID, ErrMismatch, size)
	}
	for _, arena := range ranges {
		spans, err := t.chunkSpans(arena, size)
		if err != nil {
			return err
		}
		buf := make([]byte, int(arena.Len()/chunkBytes)*size)
		if err := t.memory.read(buf, spans); err != nil {
			return err
		}
		if err := t.markChunks(w, arena, buf, size, index); err != nil {
			return err
		}
	}
	return nil
}

// chunkSpans says where the arena's chunks are, one span for each entry of the
// first level.
func (t *Target) chunkSpans(arena mem.Range, size int) ([]span, error) {
	var spans []span
	end := t.where.chunkIndex(arena.End-1) + 1
	for ci := t.where.chunkIndex(arena.Start); ci < end; {
		l1 := ci >> chunksL2Bits
		if l1 >= chunksL1 {
			return nil, fmt.Errorf("process %d: %w: chunk %d of its heap", t.PID, ErrMismatch, ci)
		}
		table, err := t.memory.word(t.where.field("mheap_", "pages.chunks") + 8*l1)
		if err != nil {
			return nil, err
		}
		next := min(end, (l1+1)<<chunksL2Bits)
		first := ci & (1<<chunksL2Bits - 1)
		spans = append(spans, span{table + first*uint64(size), int(next-ci) * size})
		ci = next
	}
	return spans, nil
}

func (t *Target) markChunks(w *walk, arena mem.Range, buf []byte, size int, index scavengeIndex) error {
	chunks := int(arena.Len() / chunkBytes)
	first := t.where.chunkIndex(arena.Start)
	dense, err := t.denseChunks(index, first, chunks)
	if err != nil {
		return err
	}
	alloc, scavenged := t.where.off("pallocData.pallocBits"), t.where.off("pallocData.scavenged")
	for c := range chunks {
		data := buf[c*size:]
		start := arena.Start + mem.Addr(c*chunkBytes)
		w.pages.markChunk(start, data[alloc:], data[scavenged:], dense != nil && dense[c])
	}
	return nil
}
