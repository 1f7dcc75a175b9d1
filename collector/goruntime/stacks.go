package goruntime

import (
	"whyres/collector/mem"
)

// stackUnit is the smallest stack (runtime.fixedStack on Linux). A stack is a
// power of two of it and aligned to it (runtime.stackalloc), in every version.
const stackUnit = 2 << 10

// stackUse is whose a piece of a stack span is: two bits for each stackUnit.
type stackUse uint8

// The uses. stackFree: nobody's, pooled or cached.
const (
	stackFree stackUse = iota
	stackLive
	stackDead
	stackSystem
	stackUses
)

// stacks divides the pages of the stack spans among the goroutines.
type stacks struct {
	// uses is a byte for each page: four units of two bits.
	uses []uint8
	// counts of goroutines: see mem.Goroutines.
	alive, dead, holding int
	// outside are the stacks that lie outside the arenas.
	outside []mem.Range
}

const (
	pageUnits = pageSize / stackUnit
	useBits   = 2
	useMask   = 1<<useBits - 1
)

// add gives a stack to its user. Units that do not lie in a stack span, or are
// another stack's already, are passed over: stacks move and end while they are
// read.
func (s *stacks) add(m *pageMap, r mem.Range, use stackUse) {
	if r.Empty() || r.Start%stackUnit != 0 || r.End%stackUnit != 0 {
		return
	}
	page, end := m.pagesFrom(r.Start)
	unit := int(r.Start%pageSize) / stackUnit
	for units := r.Len() / stackUnit; units > 0 && page < end; units-- {
		shift := useBits * unit
		if m.states[page] == pageStack && s.uses[page]>>shift&useMask == uint8(stackFree) {
			s.uses[page] |= uint8(use) << shift
		}
		if unit++; unit == pageUnits {
			page, unit = page+1, 0
		}
	}
}

// divide adds the stack spans up by use. What is resident is told for each half
// of a page, and halves are whole units: each use has exactly its own.
func (s *stacks) divide(m *pageMap) *mem.Goroutines {
	var by [stackUses]mem.Amount
	const halfUnits = pageUnits / 2
	for page, state := range m.states {
		if state != pageStack {
			continue
		}
		uses := s.uses[page]
		for unit := range pageUnits {
			use := uses >> (useBits * unit) & useMask
			a := behindAmount(m.behind[page].of(unit/halfUnits), stackUnit)
			a.Bytes = stackUnit
			by[use] = sum(by[use], a)
		}
	}
	return &mem.Goroutines{
		Count: s.alive, DeadCount: s.dead, DeadHolding: s.holding,
		Live: by[stackLive], Dead: by[stackDead], System: by[stackSystem], Free: by[stackFree],
	}
}
