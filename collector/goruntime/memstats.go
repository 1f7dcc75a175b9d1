package goruntime

import "whyres/collector/mem"

// maxRetries bounds the reads that are thrown away because the runtime was just
// changing its numbers.
const maxRetries = 64

// MemStats reads the runtime's statistics, all but HeapAlloc and HeapObjects,
// in one system call, some tens of microseconds. Where repeated reads never
// agree with themselves the last one is returned with Torn set.
//
// Sources: runtime.memstats, gcController, mheap_ and scavenge, combined as the
// era's readmemstats_m does (runtime/mstats.go), and runtime.work for the times.
func (t *Target) MemStats() (*mem.MemStats, error) {
	if err := t.usable(); err != nil {
		return nil, err
	}
	for retry := 0; ; retry++ {
		l, err := t.readLight()
		if err != nil {
			return nil, err
		}
		torn := t.era.torn(l)
		if (torn || l.endsGC()) && retry < maxRetries {
			continue
		}
		s := l.memStats(t.era)
		s.Torn, s.Retries = torn, retry
		return s, nil
	}
}

// memStats is the reading as MemStats: what all eras keep alike, and the rest by
// the era.
func (l light) memStats(e era) *mem.MemStats {
	ms := func(path string) uint64 { return l.u64("memstats", path) }
	s := &mem.MemStats{
		Source:      "memory",
		MSpanInuse:  l.word("spanalloc"),
		MSpanSys:    ms("mspan_sys"),
		MCacheInuse: l.word("cachealloc"),
		MCacheSys:   ms("mcache_sys"),
		BuckHashSys: ms("buckhash_sys"),
		OtherSys:    ms("other_sys"),
		NumGC:       l.u32("memstats", "numgc"),
		NumForcedGC: l.u32("memstats", "numforcedgc"),
		LastGC:      instant(ms("last_gc_nanotime")),
		LastGCUnix:  ms("last_gc_unix"),
		GCPercent:   e.gcPercent(l),
	}
	s.GCCPU, s.ScavengeCPU = l.cpuTimes()
	e.fill(l, s)
	s.StackSys = s.StackInuse + ms("stacks_sys")
	s.Sys = s.HeapSys + s.StackSys + s.MSpanSys + s.MCacheSys + s.BuckHashSys + s.GCSys + s.OtherSys
	return s
}

// instant is what the target says of CLOCK_MONOTONIC; 0, unknown, where no machine
// runs that long.
func instant(ns uint64) mem.Instant {
	if ns >= 1<<61 {
		return 0
	}
	return mem.Instant(ns)
}
