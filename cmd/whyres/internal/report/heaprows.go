package report

import (
	"cmp"
	"maps"
	"slices"

	"whyres/collector/mem"
)

// maxHeapRows is how many rows Go's heap has at most: above that its pieces are put
// together by two, four and so on.
const maxHeapRows = 48

// use is what a piece of the heap is used for, in bytes.
type use struct {
	inUse, stacks, idle, idleResident, released, releasedResident int64
}

func (u *use) add(c *mem.GoChunk) {
	u.inUse += bounded(c.InUse.Bytes())
	u.stacks += bounded(c.Stacks.Bytes())
	u.idle += bounded(c.Idle.Bytes())
	u.idleResident += bounded(c.Idle.Resident())
	u.released += bounded(c.Released.Bytes()) + bounded(c.Reserved.Bytes())
	u.releasedResident += bounded(c.Released.Resident()) + bounded(c.Reserved.Resident())
}

// heapRows are the rows of Go's heap, in order of address.
func heapRows(list []look) []row {
	size := pieceSize(list)
	if size == 0 {
		return nil
	}
	rows := map[mem.Addr]*row{}
	for at := range list {
		for _, c := range list[at].cells {
			if c.use == nil {
				continue
			}
			start := c.Start / size * size
			r := rows[start]
			if r == nil {
				r = &row{Range: mem.RangeAt(start, uint64(size)), owner: ownerHeap, uses: make([]use, len(list)), mapped: gaps(len(list)), resident: gaps(len(list))}
				rows[start] = r
			}
			r.take(at, c.mapped, c.resident)
			r.uses[at].add(c.use)
		}
	}
	out := make([]row, 0, len(rows))
	for _, start := range slices.Sorted(maps.Keys(rows)) {
		out = append(out, *rows[start])
	}
	return out
}

// pieceSize is the size of a row of the heap in bytes, 0 where no sample has pieces:
// that of the largest piece, or as much more as keeps the rows few.
func pieceSize(list []look) mem.Addr {
	var size mem.Addr
	starts := map[mem.Addr]bool{}
	for at := range list {
		for _, c := range list[at].cells {
			if c.use != nil {
				starts[c.Start] = true
				size = max(size, mem.Addr(c.Len()))
			}
		}
	}
	all := slices.SortedFunc(maps.Keys(starts), cmp.Compare[mem.Addr])
	for size > 0 && size < 1<<62 && rowsAt(all, size) > maxHeapRows {
		size *= 2
	}
	return size
}

// rowsAt is how many rows of that size there are.
func rowsAt(starts []mem.Addr, size mem.Addr) (n int) {
	for i, a := range starts {
		if i == 0 || a/size != starts[i-1]/size {
			n++
		}
	}
	return n
}
