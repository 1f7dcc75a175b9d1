package clock

import (
	"time"

	"whyres/collector/mem"
)

// Facts is what a forecast follows from.
type Facts struct {
	// At is the instant of Stats and Clock.
	At    mem.Instant
	Stats *mem.MemStats
	// Clock is nil where nothing of it was read.
	Clock *mem.GoClock
	// Pages, HeapAlloc (0: not walked) and HeapLocked (resident bytes of the heap
	// that are locked in memory) are of a full look since the last GC.
	Pages      *mem.GoPages
	HeapAlloc  uint64
	HeapLocked uint64
	// AllocAt is the instant of HeapAlloc.
	AllocAt mem.Instant
	// Up is how long the program had been running at At, 0 where unknown.
	Up time.Duration
	// RES in bytes.
	RES int64
	// GoMinor is 26 of go1.26.8.
	GoMinor int
	// DontNeed is what GODEBUG sets madvdontneed to, "" for nothing.
	DontNeed string
	// Nap is the longest that the monitor thread was seen to sleep at a time in
	// the last two minutes, 0 where it was not followed for so long.
	Nap time.Duration
}

// FactsOf are the facts that a full look tells.
func FactsOf(s *mem.Sample, p mem.Process) *Facts {
	f := &Facts{
		At: s.At, Stats: s.MemStats, Clock: s.Clock, Pages: s.Pages,
		RES: s.RSS.Total(), GoMinor: mem.GoMinor(p.GoVersion), DontNeed: p.Godebug("madvdontneed"), Up: time.Duration(p.Up),
	}
	if s.Pages != nil {
		f.HeapLocked = lockedHeap(s.VMAs, s.Pages.Arenas)
	}
	if s.MemStats != nil && s.MemStats.HeapWalked {
		f.HeapAlloc, f.AllocAt = s.MemStats.HeapAlloc, s.At
	}
	return f
}

// lockedHeap is what is locked and resident of the mappings that hold the heap.
func lockedHeap(vmas []mem.VMA, arenas []mem.Range) (n uint64) {
	for i := range vmas {
		if vmas[i].Locked > 0 && mem.Overlaps(arenas, vmas[i].Range) {
			n += vmas[i].Rss
		}
	}
	return n
}

// readable: everything that a forecast needs was read from the process, of which
// the version is known.
func (f *Facts) readable() bool {
	return f.GoMinor > 0 && f.Stats != nil && f.Stats.Source == "memory" && !f.Stats.Torn && f.Pages != nil && f.Pages.Agrees &&
		(f.Pages.Searched || f.GoMinor < firstDense)
}

// stays: what is released stays in RES, by advice or by a lock.
func (f *Facts) stays() bool {
	return f.HeapLocked > 0 || mem.ReleasesLazily(f.GoMinor, f.DontNeed, f.Clock)
}

// The releases that changed the rules.
const (
	// firstBackground has a goroutine that scavenges (bgscavenge); before,
	// sysmon does it.
	firstBackground = 13
	// firstDontNeed releases with MADV_DONTNEED, and paces its scavenger by the
	// CPU time that it takes.
	firstDontNeed = 16
	// firstDense leaves dense chunks alone.
	firstDense = 21
)

// worth: so little that nobody waits for it is not told.
func (f *Facts) worth(bytes int64) bool {
	const least = 1 << 20
	return bytes >= least && bytes >= f.RES/50
}
