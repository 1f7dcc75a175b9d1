package goruntime

import "whyres/collector/mem"

// maxPieces bounds the pieces that a heap is told by: 8 GiB of 4 MiB each.
const maxPieces = 2048

// pieceBytes is the size of the pieces of which so many are enough: 4 MiB, or
// that doubled until it is.
func pieceBytes(arenas []mem.Range, most int) uint64 {
	size := uint64(chunkBytes)
	for countPieces(arenas, size) > uint64(most) {
		size *= 2
	}
	return size
}

// countPieces is how many pieces of the size hold some of the sorted ranges.
func countPieces(arenas []mem.Range, size uint64) (n uint64) {
	next := uint64(0) // the first piece that is not counted yet
	for _, a := range arenas {
		first, end := max(next, uint64(a.Start)/size), uint64(a.End-1)/size+1
		if first < end {
			n += end - first
			next = end
		}
	}
	return n
}

// pageCounts counts pages by state and by what is behind them.
type pageCounts [pageStates][halvesCases]uint32

// amounts is the pages in bytes.
func (p *pageCounts) amounts(table *[halvesCases]mem.Amount) (amounts [pageStates]mem.Amount) {
	for s := range amounts {
		for i, count := range p[s] {
			if count == 0 {
				continue
			}
			n, a := uint64(count), table[i]
			amounts[s] = sum(amounts[s], mem.Amount{Bytes: n * a.Bytes, Resident: n * a.Resident, Huge: n * a.Huge, Zero: n * a.Zero})
		}
	}
	return amounts
}

// pieces is what is in each state, in all and in so many pieces at most.
func (m *pageMap) pieces(most int) (all [pageStates]mem.Amount, chunks []mem.GoChunk, size uint64) {
	size = pieceBytes(m.arenas, most)
	table := halvesTable()
	for i, arena := range m.arenas {
		states := m.states[m.first[i]:]
		behind := m.behind[m.first[i]:]
		for start := arena.Start; start < arena.End; {
			at := start &^ mem.Addr(size-1)
			n := int(min(size-uint64(start-at), uint64(arena.End-start)) / pageSize)
			var counted pageCounts
			for page, s := range states[:n] {
				counted[s][behind[page]%halvesCases]++
			}
			amounts := counted.amounts(&table)
			for s := range all {
				all[s] = sum(all[s], amounts[s])
			}
			if last := len(chunks) - 1; last < 0 || chunks[last].At != at {
				chunks = append(chunks, mem.GoChunk{At: at})
			}
			add(&chunks[len(chunks)-1], amounts)
			states, behind, start = states[n:], behind[n:], start+mem.Addr(n)*pageSize
		}
	}
	return all, chunks, size
}

func add(c *mem.GoChunk, amounts [pageStates]mem.Amount) {
	for s, a := range amounts {
		share := shareOf(c, pageState(s))
		share[0] += a.Bytes
		share[1] += a.Resident
	}
}

// shareOf is where the chunk tells of pages in a state.
func shareOf(c *mem.GoChunk, s pageState) *mem.Share {
	switch s {
	case pageInUse:
		return &c.InUse
	case pageStack, pageManual:
		return &c.Stacks
	case pageIdle, pageDense:
		return &c.Idle
	case pageReleased:
		return &c.Released
	}
	return &c.Reserved
}
