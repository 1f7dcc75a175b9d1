package goruntime

import (
	"errors"
	"fmt"

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
	// current are the goroutines that threads hold on to (m.curg).
	current map[uint64]bool
	// outside are the stacks that lie outside the arenas.
	outside []mem.Range
	// steps is how many more units may be looked at.
	steps int
}

// newStacks divides the pages as they are marked now.
func newStacks(m *pageMap) *stacks {
	s := &stacks{uses: make([]uint8, len(m.states)), steps: stepsSlack}
	for _, state := range m.states {
		if state == pageStack {
			s.steps += stackSteps * pageUnits
		}
	}
	return s
}

// Bounds on stacks. Each unit is given away once, and looked at in vain perhaps
// once more, by a goroutine whose stack was another's a moment ago. maxStack is
// above what the runtime lets a stack grow to (runtime.maxstackceiling is 2 GB,
// a goroutine's default 1 GB: it ends at 512 MiB).
const (
	stackSteps = 2
	stepsSlack = 1 << 16
	maxStack   = 1 << 30
)

// errEndless: what a list or table claims is more than can be: nothing in it is
// believed.
var errEndless = errors.New("it has no end")

const (
	pageUnits = pageSize / stackUnit
	useBits   = 2
	useMask   = 1<<useBits - 1
)

// add gives a stack to its user. One that does not lie in stack spans as a whole,
// or of which a part is another stack's already, is passed over: stacks move and
// end while they are read. The error is errEndless.
func (s *stacks) add(m *pageMap, r mem.Range, use stackUse) error {
	if !isStack(r) {
		return nil
	}
	page, end := m.pagesFrom(r.Start)
	first := page*pageUnits + int(r.Start%pageSize)/stackUnit
	last := first + int(r.Len()/stackUnit)
	if last > end*pageUnits {
		return nil
	}
	for unit := first; unit < last; unit++ {
		if s.steps--; s.steps < 0 {
			return fmt.Errorf("goroutines claim more stacks than there are: %w", errEndless)
		}
		page, shift := unit/pageUnits, useBits*(unit%pageUnits)
		if m.states[page] != pageStack || s.uses[page]>>shift&useMask != uint8(stackFree) {
			return nil
		}
	}
	for unit := first; unit < last; unit++ {
		s.uses[unit/pageUnits] |= uint8(use) << (useBits * (unit % pageUnits))
	}
	return nil
}

// isStack reports whether the range can be a stack from the heap: every one is a
// power of two long (runtime.stackalloc).
func isStack(r mem.Range) bool {
	if r.Empty() || r.Start%stackUnit != 0 {
		return false
	}
	n := r.Len()
	return n >= stackUnit && n <= maxStack && n&(n-1) == 0
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
