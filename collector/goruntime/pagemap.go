package goruntime

import (
	"encoding/binary"
	"sort"

	"whyres/collector/mem"
)

// pageState is what a page of the Go heap is used for.
type pageState uint8

// The states. pageReserved: allocated by the bitmap, but in no span and in no
// P's cache.
const (
	pageIdle pageState = iota
	pageDense
	pageReleased
	pageInUse
	pageStack
	pageManual
	pageReserved
	pageStates
)

// pageMap holds the state of every page of the arenas, and what is behind it:
// two bytes for 8 KiB.
type pageMap struct {
	arenas []mem.Range
	// first is where each arena's pages begin in states.
	first  []int
	states []pageState
	// behind is parallel to states.
	behind []halves
}

func newPageMap(arenas []mem.Range) pageMap {
	m := pageMap{arenas: arenas, first: make([]int, len(arenas))}
	n := 0
	for i, a := range arenas {
		m.first[i] = n
		n += int(a.Len() / pageSize)
	}
	m.states, m.behind = make([]pageState, n), make([]halves, n)
	return m
}

// arena is the index of the arena that holds the address.
func (m *pageMap) arena(a mem.Addr) (int, bool) {
	i := sort.Search(len(m.arenas), func(i int) bool { return a < m.arenas[i].End })
	return i, i < len(m.arenas) && m.arenas[i].Contains(a)
}

// pagesFrom is the index of the address's page, and of the end of its arena's.
func (m *pageMap) pagesFrom(a mem.Addr) (page, end int) {
	i, ok := m.arena(a)
	if !ok {
		return 0, 0
	}
	return m.first[i] + int((a-m.arenas[i].Start)/pageSize), m.first[i] + int(m.arenas[i].Len()/pageSize)
}

// at is the slice of states from the address to the end of its arena.
func (m *pageMap) at(a mem.Addr) []pageState {
	page, end := m.pagesFrom(a)
	return m.states[page:end]
}

// markChunk sets the pages of one chunk by its bitmaps (runtime.pallocData: a
// set bit is an allocated page; a set bit is a scavenged page).
func (m *pageMap) markChunk(start mem.Addr, alloc, scavenged []byte, dense bool) {
	idle := pageIdle
	if dense {
		idle = pageDense
	}
	states := m.at(start)
	for word := range chunkPages / 64 {
		a := binary.LittleEndian.Uint64(alloc[8*word:])
		s := binary.LittleEndian.Uint64(scavenged[8*word:])
		for bit := range 64 {
			state := idle
			switch {
			case a>>bit&1 != 0:
				state = pageReserved
			case s>>bit&1 != 0:
				state = pageReleased
			}
			states[64*word+bit] = state
		}
	}
}

// markCache frees the pages of a P's cache. It is false if one was not
// allocated: the tables were read at different instants.
func (m *pageMap) markCache(base mem.Addr, free, scavenged uint64) bool {
	if base == 0 || free == 0 {
		return true
	}
	states := m.at(base)
	if base%pageSize != 0 || len(states) < 64 {
		return false
	}
	for bit := range 64 {
		if free>>bit&1 == 0 {
			continue
		}
		if states[bit] != pageReserved {
			return false
		}
		states[bit] = pageIdle
		if scavenged>>bit&1 != 0 {
			states[bit] = pageReleased
		}
	}
	return true
}

// markSpan gives the pages to a span. It is not marked where one of them lies
// outside the arenas or is another span's. wrong counts the pages at which the
// tables contradict each other, at least one where the span is not marked.
func (m *pageMap) markSpan(start mem.Addr, npages uint64, state pageState) (marked bool, wrong uint64) {
	states := m.at(start)
	if start%pageSize != 0 || npages == 0 || npages > uint64(len(states)) {
		return false, max(1, min(npages, uint64(len(states))))
	}
	states = states[:npages]
	for _, s := range states {
		switch s {
		case pageInUse, pageStack, pageManual:
			return false, npages // the first one tells
		case pageReserved:
		default:
			wrong++
		}
	}
	for i := range states {
		states[i] = state
	}
	return true, wrong
}

// sums is the bytes in each state.
func (m *pageMap) sums() (sum [pageStates]uint64) {
	for _, s := range m.states {
		sum[s] += pageSize
	}
	return sum
}
