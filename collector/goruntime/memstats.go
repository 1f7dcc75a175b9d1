package goruntime

import "whyres/collector/mem"

// maxRetries bounds the reads that are thrown away because the runtime was just
// changing its numbers.
const maxRetries = 64

// MemStats reads the runtime's statistics, all but HeapAlloc and HeapObjects,
// in one system call, some tens of microseconds. Where repeated reads never
// agree with themselves the last one is returned with Torn set.
//
// Sources: runtime.gcController, memstats, mheap_ and scavenge, combined as
// readmemstats_m does (runtime/mstats.go).
func (t *Target) MemStats() (*mem.MemStats, error) {
	if err := t.usable(); err != nil {
		return nil, err
	}
	for retry := 0; ; retry++ {
		l, err := t.readLight()
		if err != nil {
			return nil, err
		}
		torn := l.torn()
		if torn && retry < maxRetries {
			continue
		}
		s := l.memStats()
		s.Torn, s.Retries = torn, retry
		return s, nil
	}
}

// torn reports that the reading is of two different instants: the runtime
// keeps HeapInuse and HeapReleased twice, and the two must agree.
func (l light) torn() bool {
	h := l.heapStats()
	return h.inHeap != l.u64("gcController", "heapInUse") ||
		h.released != l.u64("gcController", "heapReleased") ||
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

func (l light) memStats() *mem.MemStats {
	gc := func(path string) uint64 { return l.u64("gcController", path) }
	ms := func(path string) uint64 { return l.u64("memstats", path) }
	h := l.heapStats()
	s := &mem.MemStats{
		Source:       "memory",
		HeapInuse:    gc("heapInUse"),
		HeapReleased: gc("heapReleased"),
		HeapIdle:     gc("heapFree") + gc("heapReleased"),
		StackInuse:   h.inStacks,
		StackSys:     h.inStacks + ms("stacks_sys"),
		MSpanInuse:   l.word("spanalloc"),
		MSpanSys:     ms("mspan_sys"),
		MCacheInuse:  l.word("cachealloc"),
		MCacheSys:    ms("mcache_sys"),
		BuckHashSys:  ms("buckhash_sys"),
		GCSys:        ms("gcMiscSys") + h.inWorkBufs + h.inPtrScalarBits,
		OtherSys:     ms("other_sys"),
		NumGC:        l.u32("memstats", "numgc"),
		NumForcedGC:  l.u32("memstats", "numforcedgc"),
		LastGC:       mem.Instant(ms("last_gc_nanotime")),
		LastGCUnix:   ms("last_gc_unix"),
		HeapMarked:   gc("heapMarked"),
		GCPercent:    int32(l.u32("gcController", "gcPercent")),
		MemoryLimit:  int64(gc("memoryLimit")),

		ScavengeGCPercentGoal:   l.u64("scavenge", "gcPercentGoal"),
		ScavengeMemoryLimitGoal: l.u64("scavenge", "memoryLimitGoal"),
	}
	s.HeapSys = s.HeapInuse + s.HeapIdle
	s.Sys = s.HeapSys + s.StackSys + s.MSpanSys + s.MCacheSys + s.BuckHashSys + s.GCSys + s.OtherSys
	s.NextGC, _ = l.pacer().heapGoal()
	return s
}
