package report

import "whyres/collector/mem"

// chunkCells are the pieces of Go's heap, where the sample has them.
func chunkCells(p *mem.GoPages) []cell {
	if p == nil || p.ChunkBytes == 0 {
		return nil
	}
	out := make([]cell, 0, len(p.Chunks))
	for i := range p.Chunks {
		c := &p.Chunks[i]
		one := cell{Range: mem.RangeAt(c.At, p.ChunkBytes), owner: ownerHeap, use: c}
		for _, s := range [...]mem.Share{c.InUse, c.Stacks, c.Idle, c.Released, c.Reserved} {
			one.mapped += bounded(s.Bytes())
			one.resident += bounded(s.Resident())
		}
		out = append(out, one)
	}
	return out
}

func bounded(v uint64) int64 { return int64(min(v, 1<<52)) }

// rest is what the mappings that the heap's pieces lie in have beside these: the
// kernel joins neighbours into one mapping.
type rest struct {
	mem.Range
	mapped, resident int64
}

func (r *rest) mapping(v *mem.VMA) {
	if r.Empty() {
		r.Range = v.Range
	}
	r.Start, r.End = min(r.Start, v.Start), max(r.End, v.End)
	r.resident += bounded(v.Rss)
	if v.Perms == "" || v.Perms[0] != '-' {
		r.mapped += bounded(v.Len())
	}
}

// cells are none where the pieces account for all, or for more: memory that came or
// went while the sample was read.
func (r *rest) cells(among []cell) []cell {
	for i := range among {
		if among[i].use != nil {
			r.mapped -= among[i].mapped
			r.resident -= among[i].resident
		}
	}
	if r.resident <= 0 {
		return nil
	}
	return []cell{{Range: r.Range, owner: ownerOther, name: "[beside the heap's pieces]", mapped: max(r.mapped, r.resident), resident: r.resident}}
}
