package clock

import "whyres/collector/mem"

// noGoal is a goal of the scavenger that asks for nothing.
const noGoal = ^uint64(0)

// goesNow is how much would leave RES if the scavenger worked as things are.
func (f *Facts) goesNow() int64 {
	if f.GoMinor < firstDense {
		return resident(f.Pages.Idle, f.over())
	}
	return resident(f.Pages.Now, f.over())
}

// goesNext is how much would leave RES after the next GC, of what is free
// already. What that GC frees itself comes on top, mostly after one more.
func (f *Facts) goesNext() int64 {
	if f.GoMinor < firstDense || f.Stats.GCPercent < 0 {
		return 0
	}
	return resident(f.Pages.Next, f.overNext())
}

// over is by how much the heap is above the goals that hold now
// (runtime.scavenge, gcPercentGoal and memoryLimitGoal).
func (f *Facts) over() uint64 {
	m := f.Stats
	over := uint64(0)
	if goal := m.ScavengeGCPercentGoal; goal != 0 && goal != noGoal {
		over = above(retained(m), goal)
	}
	return max(over, f.overLimit())
}

// overNext is the same once the next GC has set its goal, if the program uses as
// much then as it does now: what is in use and a tenth more (gcPaceScavenger,
// retainExtraPercent).
func (f *Facts) overNext() uint64 {
	m := f.Stats
	return max(above(retained(m), m.HeapInuse+m.HeapInuse/10), f.overLimit())
}

// overLimit is by how much the mapped memory is above 95 % of the memory limit.
func (f *Facts) overLimit() uint64 {
	m := f.Stats
	if goal := m.ScavengeMemoryLimitGoal; f.Stats.Limited() && goal != 0 && goal != noGoal {
		return above(m.Sys-min(m.HeapReleased, m.Sys), goal)
	}
	return 0
}

func retained(m *mem.MemStats) uint64 { return m.HeapSys - min(m.HeapReleased, m.HeapSys) }

func above(n, goal uint64) uint64 { return n - min(n, goal) }

// resident is how much of the free pages leaves RES when at most so many bytes of
// them are released: of those the resident share.
func resident(free mem.Amount, most uint64) int64 {
	if free.Bytes == 0 {
		return 0
	}
	share := float64(min(most, free.Bytes)) / float64(free.Bytes)
	return int64(share * float64(min(free.Resident, 1<<62)))
}

// untold is what the next GC may find to be garbage, at most: objects that none
// has found live, and stacks of goroutines that have ended.
func (f *Facts) untold() int64 {
	n := uint64(0)
	if f.HeapAlloc > 0 {
		n = f.HeapAlloc
		if f.Stats.NumGC > 0 {
			n = above(n, f.Stats.HeapMarked)
		}
	}
	if g := f.Pages.Goroutines; g != nil {
		n += g.Dead.Resident + g.Free.Resident
	}
	return int64(min(n, 1<<62))
}
