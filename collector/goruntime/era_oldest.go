package goruntime

import (
	"math"

	"whyres/collector/mem"
)

// fillOldest is Go 1.12 to 1.15: all is in runtime.memstats, which ReadMemStats
// copies (runtime/mstats.go, readmemstats_m and updatememstats).
func fillOldest(l light, s *mem.MemStats) {
	ms := func(path string) uint64 { return l.u64("memstats", path) }
	s.HeapSys = ms("heap_sys")
	s.HeapInuse = ms("heap_inuse")
	s.HeapIdle = ms("heap_idle")
	s.HeapReleased = ms("heap_released")
	s.StackInuse = ms("stacks_inuse")
	s.GCSys = ms("gc_sys")
	s.NextGC = ms("next_gc")
	s.HeapMarked = ms("heap_marked")
	s.MemoryLimit = math.MaxInt64
	s.ScavengeGCPercentGoal = l.scavengeGoal()
}

// tornOldest: every page of the heap is either idle or in use, and released ones
// are idle (runtime/mheap.go changes the counters one by one, under a lock).
func tornOldest(l light) bool {
	ms := func(path string) uint64 { return l.u64("memstats", path) }
	return ms("heap_inuse")+ms("heap_idle") != ms("heap_sys") || ms("heap_released") > ms("heap_idle")
}

// scavengeGoal is the retained heap above which the scavenger works, ^0 when it
// has nothing to do: mheap_.scavengeRetainedGoal in Go 1.13, scavengeGoal in
// 1.14 to 1.18; Go 1.12 has no goal, only a clock.
func (l light) scavengeGoal() uint64 {
	if !l.plan.has("scavengeGoal") {
		return 0
	}
	return l.word("scavengeGoal")
}
