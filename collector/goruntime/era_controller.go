package goruntime

import "whyres/collector/mem"

// fillController is Go 1.19 and newer: the heap's counters are in
// runtime.gcController (runtime/mgcpacer.go), the scavenger's goals in
// runtime.scavenge (mgcscavenge.go).
func fillController(l light, s *mem.MemStats) {
	gc := func(path string) uint64 { return l.u64("gcController", path) }
	h := l.heapStats()
	s.HeapInuse = gc("heapInUse")
	s.HeapReleased = gc("heapReleased")
	s.HeapIdle = gc("heapFree") + gc("heapReleased")
	s.HeapSys = s.HeapInuse + s.HeapIdle
	s.StackInuse = h.inStacks
	s.GCSys = l.u64("memstats", "gcMiscSys") + h.inWorkBufs + h.inPtrScalarBits
	s.HeapMarked = gc("heapMarked")
	s.MemoryLimit = int64(gc("memoryLimit"))
	s.NextGC, _ = l.pacer().heapGoal()
	if l.plan.has("scavenge") { // not found in every stripped program
		s.ScavengeGCPercentGoal = l.u64("scavenge", "gcPercentGoal")
		s.ScavengeMemoryLimitGoal = l.u64("scavenge", "memoryLimitGoal")
	}
}

// tornController holds the runtime to what readmemstats_m (runtime/mstats.go)
// does: it keeps HeapInuse, HeapReleased and the sum of what is neither released
// nor a stack or work buffer twice.
func tornController(l light) bool {
	h, inUse := l.heapStats(), l.u64("gcController", "heapInUse")
	return h.inHeap != inUse ||
		h.released != l.u64("gcController", "heapReleased") ||
		h.committed-h.inStacks-h.inWorkBufs-h.inPtrScalarBits != inUse+l.u64("gcController", "heapFree") ||
		!l.pacer().consistent()
}

func (l light) pacer() pacer {
	gc := func(path string) uint64 { return l.u64("gcController", path) }
	return pacer{
		minor:               l.w.minor,
		gcPercentHeapGoal:   gc("gcPercentHeapGoal"),
		sweepDistMinTrigger: gc("sweepDistMinTrigger"),
		triggered:           gc("triggered"),
		heapMarked:          gc("heapMarked"),
		memoryLimit:         gc("memoryLimit"),
		mappedReady:         gc("mappedReady"),
		heapFree:            gc("heapFree"),
		totalAlloc:          gc("totalAlloc"),
		totalFree:           gc("totalFree"),
	}
}
