package ledger

import (
	"fmt"

	"whyres/collector/mem"
)

// putHeap puts the parts of Go's heap and of goroutine stacks.
func (b *builder) putHeap(back releasedBack) {
	b.putObjects()
	b.putIdle()
	b.putReleased(back)
	b.putStacks()
}

// putObjects divides the resident part of the spans in use into what the last
// GC found live, what it did not, and the holes between.
func (b *builder) putObjects() {
	stats, pages := b.sample.MemStats, b.sample.Pages
	inUse := resident(pages.InUse)
	told := pages.Objects.Bytes > 0 || pages.Holes.Bytes > 0
	if stats == nil || !stats.HeapWalked && !told {
		b.put(HeapObjects, inUse, "spans in use: objects and holes, not told apart as the spans were not walked")
		return
	}
	alloc, objects := clamp(stats.HeapAlloc), min(clamp(stats.HeapAlloc), inUse)
	if told {
		alloc, objects = clamp(pages.Objects.Bytes), min(resident(pages.Objects), inUse)
	}
	live := min(marked(stats, alloc), alloc)
	// Of both, no more than all that is not resident can be missing.
	missing := alloc - objects
	least := func(part int64) int64 { return max(0, part-missing) }
	what := ""
	if missing > 0 {
		what = "; at least: " + Size(missing) + " of all objects are not resident"
	}
	b.put(HeapLive, least(live), whatLive(stats)+what)
	b.put(HeapGarbage, least(alloc-live), whatGarbage(stats)+what)
	if rest := objects - least(live) - least(alloc-live); rest > 0 {
		b.put(HeapUnsure, rest, fmt.Sprintf("objects, live or not: %s of all objects are not resident, and of which kind is unknown; of all, %s were live at the last GC", Size(missing), Size(live)))
	}
	b.put(HeapHoles, inUse-objects, whatHoles(pages, told))
	if either := min(clamp(pages.Either), objects); either > b.sample.RSS.Total()/100 {
		b.warn("up to " + Size(either) + " of heap.live and heap.garbage may be heap.fragmentation: they lie in spans that are resident in part")
	}
}

// marked is what the last GC found live. Before the first one the runtime
// keeps a made-up value there.
func marked(stats *mem.MemStats, alloc int64) int64 {
	switch {
	case stats.NumGC == 0:
		return 0
	case stats.HeapMarked == 0: // not read: no GC marks nothing at all
		return alloc
	}
	return clamp(stats.HeapMarked)
}

// putIdle divides free memory by what keeps it: chunks that are not looked at
// yet, the goal, or nothing any more.
func (b *builder) putIdle() {
	stats, idle := b.sample.MemStats, resident(b.sample.Pages.Idle)
	dense := min(resident(b.sample.Pages.Dense), idle)
	over, why, known := overGoal(stats)
	if !known && dense == 0 {
		b.put(HeapIdle, idle, whatIdle)
		return
	}
	b.put(IdleDense, dense, whatDense)
	rest := idle - dense
	if !known {
		b.put(IdleUnsure, rest, whatIdle+": whether the scavenger has work to do is not known")
		return
	}
	due := min(rest, over)
	b.put(IdleGoal, rest-due, why)
	b.put(IdleDue, due, whatDue(b.sample.VMAs, b.sample.Pages.Arenas))
}

// overGoal is by how much the process is above what the background scavenger
// works towards (runtime.scavenge, gcPercentGoal and memoryLimitGoal; what is
// compared: mgcscavenge.go, bgscavenge), and why what is below it stays. False
// where the goals are not known.
func overGoal(m *mem.MemStats) (over int64, why string, known bool) {
	if m != nil && m.NumGC == 0 && m.Source == "memory" {
		return 0, "free, and kept: no GC has run yet, and the scavenger has no goal before the first", true
	}
	if m == nil || m.ScavengeGCPercentGoal == 0 {
		return 0, "", false
	}
	const none = ^uint64(0)
	why = "free, and kept: the scavenger has nothing to do until a GC sets it a goal"
	if m.GCPercent < 0 {
		why = "free, and kept: GOGC is off, so the scavenger has no goal"
	}
	if goal := m.ScavengeGCPercentGoal; goal != none {
		over = clamp(m.HeapSys) - clamp(m.HeapReleased) - clamp(goal)
		why = fmt.Sprintf("free, and kept for growth: below the %s that the scavenger lets the heap keep", Size(clamp(goal)))
	}
	if goal := m.ScavengeMemoryLimitGoal; goal != none && goal != 0 && m.Limited() {
		over = max(over, clamp(m.Sys)-clamp(m.HeapReleased)-clamp(goal))
	}
	return max(over, 0), why, true
}

// putReleased divides what was released and is resident by why.
func (b *builder) putReleased(back releasedBack) {
	released := resident(b.sample.Pages.Released)
	if !back.known {
		back.huge = clamp(min(b.sample.Pages.Released.Huge, b.sample.Pages.Released.Resident))
		if back.allLocked {
			back.locked = released
		}
	}
	rest := released
	take := func(id string, n int64, what string) {
		n = min(n, rest)
		rest -= n
		b.put(id, n, what)
	}
	take(ReleasedLocked, back.locked, whatLocked)
	take(ReleasedLazy, back.lazy, whatLazy)
	take(ReleasedHuge, back.huge, whatHuge)
	b.put(ReleasedAgain, rest, whatAgain)
	b.put(HeapReserved, resident(b.sample.Pages.Reserved), whatReserved)
}

// putStacks divides stacks by whose they are.
func (b *builder) putStacks() {
	stacks, of := resident(b.sample.Pages.Stacks), b.sample.Pages.Goroutines
	if of == nil {
		b.put(StacksInUse, stacks, whatStacksAll)
		b.put(StacksIdle, 0, whatNoStacks)
		return
	}
	dead := min(resident(of.Dead), stacks)
	free := min(resident(of.Free), stacks-dead)
	b.put(StacksInUse, stacks-dead-free, "stacks of "+goroutines(of.Count)+" alive, and of the runtime's own threads")
	b.put(StacksDead, dead, "stacks of "+goroutines(of.DeadHolding)+" that have ended: kept until a GC frees them")
	b.put(StacksIdle, free, "free stacks, kept for reuse: a GC gives their spans back to the heap")
}

func goroutines(n int) string {
	if n == 1 {
		return "1 goroutine"
	}
	return fmt.Sprintf("%d goroutines", n)
}

// whatDue: where the heap is locked a release takes nothing out of RES.
func whatDue(vmas []mem.VMA, arenas []mem.Range) string {
	for i := range vmas {
		if vmas[i].Locked > 0 && mem.Overlaps(arenas, vmas[i].Range) {
			return "free and above what the scavenger aims at; but locked in memory (mlock, mlockall), so that a release takes nothing out of RES"
		}
	}
	return "free and above what the scavenger aims at: it may release this now"
}
