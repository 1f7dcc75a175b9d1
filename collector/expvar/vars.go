package expvar

import (
	"runtime"
	"time"

	"whyres/collector/mem"
)

// Source is what mem.MemStats.Source says of these numbers.
const Source = "expvar"

// Vars are the variables that every process with the package expvar serves.
type Vars struct {
	Stats *runtime.MemStats `json:"memstats"`
	// Cmdline is os.Args, by which the process can be told from another.
	Cmdline []string `json:"cmdline"`
}

// MemStats are the numbers as of now, which is wall on the wall's clock and mono
// on the kernel's. GOGC, the memory limit and what the last GC marked are not
// among what a process serves: they stay 0, which means unknown.
func (v *Vars) MemStats(wall time.Time, mono mem.Instant) *mem.MemStats {
	s := v.Stats
	return &mem.MemStats{
		Source: Source, HeapWalked: true,
		HeapSys: s.HeapSys, HeapInuse: s.HeapInuse, HeapIdle: s.HeapIdle, HeapReleased: s.HeapReleased,
		HeapAlloc: s.HeapAlloc, HeapObjects: s.HeapObjects,
		StackInuse: s.StackInuse, StackSys: s.StackSys,
		MSpanInuse: s.MSpanInuse, MSpanSys: s.MSpanSys,
		MCacheInuse: s.MCacheInuse, MCacheSys: s.MCacheSys,
		BuckHashSys: s.BuckHashSys, GCSys: s.GCSys, OtherSys: s.OtherSys, Sys: s.Sys,
		NextGC: s.NextGC, NumGC: s.NumGC, NumForcedGC: s.NumForcedGC,
		LastGC: lastGC(s.LastGC, wall, mono), LastGCUnix: s.LastGC,
	}
}

// lastGC takes the GC's time from the wall's clock to the kernel's: 0 where
// there was none, or where the clocks contradict each other.
func lastGC(unix uint64, wall time.Time, mono mem.Instant) mem.Instant {
	now := uint64(max(0, wall.UnixNano()))
	if unix == 0 || unix > now || now-unix > uint64(max(0, mono)) {
		return 0
	}
	return mono - mem.Instant(now-unix)
}
