package layout

// Roots lists everything that whyres reads, for Go 1.12 and newer: one root a
// block.
func Roots() []Root {
	return []Root{
		{Key: "gcpercent", Var: "runtime.gcpercent", Until: 16},
		{Key: "gcController", Var: "runtime.gcController", Since: 17, Fields: []string{
			"gcPercent", "heapMarked", "heapMinimum?",
		}},
		{Key: "gcController", Var: "runtime.gcController", Since: 17, Until: 18, Fields: []string{
			"heapGoal",
		}},
		{Key: "gcController", Var: "runtime.gcController", Since: 19, Fields: []string{
			"memoryLimit", "gcPercentHeapGoal", "sweepDistMinTrigger", "triggered",
			"heapInUse", "heapReleased", "heapFree", "totalAlloc", "totalFree", "mappedReady",
		}},
		{Key: "memstats", Var: "runtime.memstats", Fields: []string{
			"stacks_sys", "mspan_sys", "mcache_sys", "buckhash_sys", "other_sys",
			"last_gc_unix", "last_gc_nanotime", "pause_total_ns", "pause_end", "numgc", "numforcedgc",
		}},
		{Key: "memstats", Var: "runtime.memstats", Until: 15, Fields: []string{
			"heap_idle", "stacks_inuse", "gc_sys",
		}},
		{Key: "memstats", Var: "runtime.memstats", Until: 16, Fields: []string{
			"next_gc", "heap_marked",
		}},
		{Key: "memstats", Var: "runtime.memstats", Until: 18, Fields: []string{
			"heap_sys", "heap_inuse", "heap_released",
		}},
		{Key: "memstats", Var: "runtime.memstats", Since: 16, Fields: []string{
			"heapStats.stats", "gcMiscSys",
		}},
		{Key: "heapStatsDelta", Type: "runtime.heapStatsDelta", Since: 16, Fields: []string{
			"committed", "released", "inHeap", "inStacks", "inWorkBufs", "inPtrScalarBits?",
		}},
		{Key: "mheap_", Var: "runtime.mheap_", Fields: []string{
			"spanalloc.inuse", "spanalloc.stat", "cachealloc.inuse", "cachealloc.stat", "allspans",
			"arenas?", "allArenas?", "sweepArenas?", "markArenas?", "heapArenas?", "arenaHints?",
			"curArena.base?", "curArena.end?", "scavengeGoal?", "scavengeRetainedGoal?",
			"spanalloc.size?", "spanalloc.arg?", "specialfinalizeralloc.stat?", "specialprofilealloc.stat?",
		}},
		{Key: "mheap_", Var: "runtime.mheap_", Until: 13, Fields: []string{
			"allArenas",
		}},
		{Key: "mheap_", Var: "runtime.mheap_", Since: 14, Fields: []string{
			"pages.inUse.ranges", "pages.chunks", "pages.summary?", "pages.scav.index.chunks?",
			"pages.scav.index.gen?", "pages.scav.index.min?", "pages.scav.index.max?",
			"pages.scav.index.searchAddrBg?", "pages.scav.index.freeHWM?",
		}},
		{Key: "scavenge", Var: "runtime.scavenge", Since: 19, Fields: []string{
			"gcPercentGoal", "memoryLimitGoal", "backgroundTime?", "assistTime?",
		}},
		{Key: "scavenger", Var: "runtime.scavenge", Since: 13, Until: 18, Optional: true, Named: true, Fields: []string{
			"parked?", "sysmonWake?",
		}},
		{Key: "scavenger", Var: "runtime.scavenger", Since: 19, Optional: true, Named: true, Fields: []string{
			"parked?", "sysmonWake?",
		}},
		{Key: "sched", Var: "runtime.sched", Optional: true, Named: true, Fields: []string{"sysmonnote?"}},
		{Key: "sweep", Var: "runtime.sweep", Optional: true, Named: true, Fields: []string{"active.state?"}},
		{Key: "gcphase", Var: "runtime.gcphase", Optional: true, Named: true},
		{Key: "adviseUnused", Var: "runtime.adviseUnused", Optional: true, Named: true},
		{Key: "MemProfileRate", Var: "runtime.MemProfileRate", Optional: true, Named: true},
		{Key: "debug", Var: "runtime.debug", Optional: true, Named: true, Fields: []string{"madvdontneed?", "gcshrinkstackoff?"}},
		{Key: "allp", Var: "runtime.allp"},
		{Key: "allgs", Var: "runtime.allgs", Optional: true},
		{Key: "allglen", Var: "runtime.allglen", Optional: true},
		{Key: "allgptr", Var: "runtime.allgptr", Optional: true},
		{Key: "allm", Var: "runtime.allm", Optional: true},
		{Key: "buckhash", Var: "runtime.buckhash", Optional: true},
		{Key: "work", Var: "runtime.work", Since: 26, Optional: true, Fields: []string{
			"spanSPMCs.list.obj?",
		}},
		{Key: "gcWork", Var: "runtime.work", Optional: true, Named: true, Fields: []string{
			"totaltime?", "cpuStats.gcAssistTime?", "cpuStats.gcDedicatedTime?", "cpuStats.gcPauseTime?",
			"cpuStats.scavengeAssistTime?", "cpuStats.scavengeBgTime?", "cpuStats.GCAssistTime?", "cpuStats.GCDedicatedTime?",
			"cpuStats.GCPauseTime?", "cpuStats.ScavengeAssistTime?", "cpuStats.ScavengeBgTime?",
		}},
		{Key: "spanSPMC", Type: "runtime.spanSPMC", Since: 26, Optional: true, Fields: []string{
			"allnode.next?", "cap?", "ring?",
		}},
		{Key: "persistentChunks", Var: "runtime.persistentChunks", Optional: true},
		{Key: "stackpool", Var: "runtime.stackpool", Optional: true},
		{Key: "stackLarge", Var: "runtime.stackLarge", Optional: true, Fields: []string{
			"free",
		}},
		{Key: "gcBitsArenas", Var: "runtime.gcBitsArenas", Optional: true, Fields: []string{
			"free", "next", "current", "previous",
		}},
		{Key: "mspan", Type: "runtime.mspan", Fields: []string{
			"startAddr", "npages", "state", "elemsize", "allocCount", "spanclass",
			"nelems", "freeindex", "allocBits", "gcmarkBits", "sweepgen", "next", "manualFreeList",
			"isUserArenaChunk?", "largeType?",
		}},
		{Key: "mspan", Type: "runtime.mspan", Until: 13, Fields: []string{
			"scavenged",
		}},
		{Key: "p", Type: "runtime.p", Fields: []string{
			"id", "status", "mcache", "sudogcache?", "sudogbuf?",
			"timer0When?", "timerModifiedEarliest?", "timers.minWhenHeap?", "timers.minWhenModified?",
		}},
		{Key: "p", Type: "runtime.p", Since: 14, Fields: []string{
			"pcache.base", "pcache.cache", "pcache.scav",
		}},
		{Key: "g", Type: "runtime.g", Optional: true, Fields: []string{
			"stack.lo", "stack.hi", "atomicstatus", "goid", "m",
		}},
		{Key: "m", Type: "runtime.m", Optional: true, Fields: []string{
			"g0", "gsignal", "alllink", "procid", "curg",
		}},
		{Key: "mcache", Type: "runtime.mcache", Optional: true, Fields: []string{
			"stackcache?",
		}},
		{Key: "mSpanList", Type: "runtime.mSpanList", Optional: true, Fields: []string{
			"first",
		}},
		{Key: "gcBitsArena", Type: "runtime.gcBitsArena", Optional: true, Fields: []string{
			"next",
		}},
		{Key: "heapArena", Type: "runtime.heapArena", Optional: true},
		{Key: "addrRange", Type: "runtime.addrRange", Since: 14, Fields: []string{"base", "limit"}},
		{Key: "pallocData", Type: "runtime.pallocData", Since: 14, Fields: []string{"pallocBits", "scavenged"}},
	}
}
