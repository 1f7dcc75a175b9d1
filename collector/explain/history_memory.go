package explain

import (
	"whyres/collector/mem"
	"whyres/collector/space"
)

// maxResident is how many ranges of memory known to be resident are kept.
const maxResident = 4096

// resident is memory that is known to be in RES as a whole: of mappings of which
// a sample showed each page, and what MADV_POPULATE_WRITE filled.
type resident struct {
	set  *space.Set
	page mem.Addr
	// swapped is what was swapped out when the sample was taken: memory that was
	// swapped out since may be of these ranges.
	swapped int64
}

// sample starts anew with what a full sample shows.
func (r *resident) sample(s *mem.Sample) {
	r.set.Clear()
	r.swapped = s.RSS.Swap
	for i := range s.VMAs {
		v := &s.VMAs[i]
		if v.Inode == 0 && v.Len() > 0 && v.Rss >= v.Len() && v.LazyFree == 0 && v.Swap == 0 {
			r.set.Add(v.Range)
		}
	}
}

// holds: all of the call's range was resident when it was made.
func (r *resident) holds(e *mem.Event) bool {
	span := mem.RangeAt(e.Addr, e.Len)
	return !unmeasured(e) && e.Before.Swap <= r.swapped && !span.Empty() && r.set.Overlap(span) == span.Len()
}

// apply follows what the call does to the ranges.
func (r *resident) apply(e *mem.Event) {
	switch {
	case e.Call == mem.Mmap:
		r.remove(mem.Addr(e.Ret), e.Len)
	case e.Call == mem.Munmap, e.Releases():
		r.remove(e.Addr, e.Len)
	case e.Call == mem.Mremap:
		r.remove(e.Addr, e.Len)
		r.remove(mem.Addr(e.Ret), e.NewLen)
	case e.Call == mem.Brk:
		// The heap's end moved: where from is not known.
		r.set.Remove(mem.Range{Start: mem.Addr(e.Ret) &^ (r.page - 1), End: mem.RangeAt(mem.Addr(e.Ret), 1<<30).End})
	case e.Advice == "MADV_POPULATE_WRITE" && !e.Failed():
		r.set.Add(mem.RangeAt(e.Addr, e.Len))
	}
}

// remove takes a range out, in whole pages. The result of a failed call is no
// address, and takes out nothing that is there.
func (r *resident) remove(start mem.Addr, length uint64) {
	span := mem.RangeAt(start&^(r.page-1), length)
	if up := (span.End + r.page - 1) &^ (r.page - 1); up >= span.End {
		span.End = up
	}
	r.set.Remove(span)
}

// children are the forked processes that have the target's memory as it was at
// the fork: until they execute a program or end.
type children struct {
	pids map[int]bool
}

func (c *children) any() bool { return len(c.pids) > 0 }

// mark follows forks, also of the children themselves. One that runs in its
// parent's memory itself (vfork) has no copy of it.
func (c *children) mark(m *mem.Mark, target int) {
	switch m.Kind {
	case mem.MarkFork:
		if !m.SameMemory && (m.PID == target || c.pids[m.PID]) && len(c.pids) < maxPIDs {
			if c.pids == nil {
				c.pids = map[int]bool{}
			}
			c.pids[m.Child] = true
		}
	case mem.MarkExec, mem.MarkExit:
		delete(c.pids, m.PID)
	case mem.MarkGC, mem.MarkCollapse, mem.MarkEnd:
	}
}
