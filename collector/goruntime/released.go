package goruntime

import "whyres/collector/mem"

// maxReleased bounds the runs of released pages that are told: 4 MiB of them.
const maxReleased = 1 << 18

// released is the runs of released pages. A heap in tatters can have more than
// can be told: then the shortest are left out.
func (m *pageMap) released() []mem.Range {
	for least := uint64(1); ; least *= 2 {
		runs, all := m.releasedRuns(least * pageSize)
		if all {
			return runs
		}
	}
}

// releasedRuns is the runs of at least so many bytes; all is false where they
// are too many.
func (m *pageMap) releasedRuns(least uint64) (runs []mem.Range, all bool) {
	var run mem.Range
	flush := func() bool {
		if run.Len() >= least {
			runs = append(runs, run)
		}
		run = mem.Range{}
		return len(runs) <= maxReleased
	}
	for i, arena := range m.arenas {
		for page := range int(arena.Len() / pageSize) {
			if m.states[m.first[i]+page] != pageReleased {
				continue
			}
			at := mem.RangeAt(arena.Start+mem.Addr(page)*pageSize, pageSize)
			if at.Start == run.End && !run.Empty() {
				run.End = at.End
				continue
			}
			if !flush() {
				return nil, false
			}
			run = at
		}
	}
	return runs, flush()
}
