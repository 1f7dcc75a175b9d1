package goruntime

import (
	"fmt"

	"whyres/collector/mem"
)

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
