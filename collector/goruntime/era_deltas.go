package goruntime

import (
	"math"

	"whyres/collector/mem"
)

// fillDeltas is Go 1.16 to 1.18: the heap's counters are in runtime.memstats,
// those of manual spans in the deltas of heapStats (runtime/mstats.go).
func fillDeltas(l light, s *mem.MemStats) {
	ms := func(path string) uint64 { return l.u64("memstats", path) }
	h := l.heapStats()
	s.HeapSys = ms("heap_sys")
	s.HeapInuse = ms("heap_inuse")
	s.HeapIdle = s.HeapSys - s.HeapInuse
	s.HeapReleased = ms("heap_released")
	s.StackInuse = h.inStacks
	s.GCSys = ms("gcMiscSys") + h.inWorkBufs + h.inPtrScalarBits
	s.MemoryLimit = math.MaxInt64
	s.ScavengeGCPercentGoal = l.scavengeGoal()
	if l.w.minor == 16 {
		s.NextGC, s.HeapMarked = ms("next_gc"), ms("heap_marked")
		return
	}
	s.NextGC, s.HeapMarked = l.u64("gcController", "heapGoal"), l.u64("gcController", "heapMarked")
}

// tornDeltas holds the three equations that updatememstats checks while the
// world is stopped.
func tornDeltas(l light) bool {
	h := l.heapStats()
	sys, released := l.u64("memstats", "heap_sys"), l.u64("memstats", "heap_released")
	return h.inHeap != l.u64("memstats", "heap_inuse") ||
		h.released != released ||
		sys-released != h.committed-h.inStacks-h.inWorkBufs-h.inPtrScalarBits
}
