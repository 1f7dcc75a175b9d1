package summary

import (
	"slices"
	"time"

	"whyres/collector/explain/causes"
	"whyres/collector/ledger"
	"whyres/collector/mem"
)

// Line is one process in short.
type Line struct {
	// RES in bytes, the sum of the ledger's leaves.
	RES int64
	// Live is what of RES the last GC found live. Garbage is what of it is
	// objects that no GC has found live: garbage at most.
	Live, Garbage Size
	// Free is the resident part of what is free in Go's heap and not
	// released.
	Free Size
	// GoesBack is what would leave RES without any object being freed:
	// Freeable at once by a debug.FreeOSMemory() of the program; Offered when
	// memory is short, as it was released with MADV_FREE, or would be by a
	// runtime that releases so.
	GoesBack, Freeable, Offered Size
	// CameBack was released by Go's heap and is resident all the same,
	// without being offered: neither FreeOSMemory nor pressure takes it.
	// What the runtime only counts as released is not in it.
	CameBack Size
	// Why RES stays: its largest part.
	Why Reason
	// Cause is the first that is more than possible, "" where there is none.
	Cause string
	// Full: the sample was a full one, with Go's pages. The sizes above are
	// not known otherwise, but for Live.
	Full bool
	// Light: the sample was a light one. Undivided: it was a full one, but the
	// heap changed each time that it was read. With none of the three, Go's
	// pages were not read.
	Light, Undivided bool
	// Unsteady: the process changed while it was read.
	Unsteady bool

	Ledger ledger.Ledger
}

// Size is bytes, or nothing that is known.
type Size struct {
	Bytes int64
	Known bool
}

func known(bytes int64) Size { return Size{Bytes: bytes, Known: true} }

// Of sums up a sample of a Go process; Judge names its cause.
func Of(s *mem.Sample, p mem.Process) Line {
	l := Line{RES: s.RSS.Total(), Unsteady: unsteady(s), Ledger: ledger.Build(s, p)}
	// A ledger that does not trust the pages does not divide the heap.
	l.Full = s.Full() && s.Pages != nil && l.has(ledger.HeapIdle)
	l.Light, l.Undivided = !s.Full(), l.has(ledger.HeapUndivided)
	if l.Full {
		l.divide(s, p)
	} else if m := s.MemStats; m != nil && m.NumGC > 0 && m.HeapMarked > 0 {
		l.Live = known(clamp(m.HeapMarked))
	}
	l.Why = l.reason(s)
	return l
}

// Judge names the first cause of the line's process on that host, as far as one
// look tells. Of a process that changed while it was read nothing is said.
func (l *Line) Judge(s *mem.Sample, p mem.Process, host mem.Host) {
	if !l.Full || l.Unsteady {
		return
	}
	j := causes.Judge(causes.All(), &causes.Facts{
		Host: host, Process: p, Sample: s, Ledger: l.Ledger,
		HeapLocked: uint64(arenas(s).locked), Up: time.Duration(p.Up),
	})
	for i := range j.Causes {
		if c := &j.Causes[i]; c.Bytes > 0 && c.Confidence != causes.Possible {
			l.Cause = c.ID
			return
		}
	}
}

// divide tells what goes back. FreeOSMemory passes over pages that the runtime
// has released before (runtime.pageAlloc.scavenge), resident or not: these go
// only where they were offered to the kernel with MADV_FREE. Locked memory
// goes neither way: the kernel refuses. Where the runtime releases with
// MADV_FREE, FreeOSMemory takes nothing out of RES: it offers.
func (l *Line) divide(s *mem.Sample, p mem.Process) {
	m := s.MemStats
	if m != nil && m.HeapWalked && m.NumGC > 0 {
		l.Live = known(l.sum(ledger.HeapLive))
	}
	if m != nil && m.HeapWalked {
		l.Garbage = known(l.sum(ledger.HeapGarbage) + l.sum(ledger.HeapUnsure)) // at most
	}
	heap := arenas(s)
	free := l.sum(ledger.HeapIdle)
	freeable, offered := min(free, heap.rss-heap.locked), l.sum(ledger.ReleasedLazy)
	if releasesLazily(s, heap, p) {
		freeable, offered = 0, offered+freeable
	}
	l.Free = known(free)
	l.Freeable, l.Offered = known(freeable), known(offered)
	l.GoesBack = known(freeable + offered)
	l.CameBack = known(l.sum(ledger.ReleasedAgain) + l.sum(ledger.ReleasedHuge) + l.sum(ledger.ReleasedLocked))
}

// releasesLazily tells whether the runtime releases with MADV_FREE. Lazily freed
// memory in its heap is the evidence; without any it is what the runtime was
// seen to hold on to, what the process was started with, and else what its
// version does by itself.
func releasesLazily(s *mem.Sample, h heap, p mem.Process) bool {
	return h.lazyFree > 0 || mem.ReleasesLazily(mem.GoMinor(p.GoVersion), p.Godebug("madvdontneed"), s.Clock)
}

// has reports whether the ledger tells the part.
func (l *Line) has(id string) bool {
	return slices.ContainsFunc(l.Ledger.Parts, func(p ledger.Part) bool { return within(p.ID, id) })
}

// sum is that of the leaves at and below the id.
func (l *Line) sum(id string) (bytes int64) {
	for _, part := range leavesOf(&l.Ledger) {
		if within(part.ID, id) {
			bytes += part.Bytes
		}
	}
	return bytes
}

// leavesOf are the parts that no other names as its parent.
func leavesOf(l *ledger.Ledger) []ledger.Part {
	parents := map[string]bool{}
	for _, part := range l.Parts {
		parents[part.Parent] = true
	}
	var out []ledger.Part
	for _, part := range l.Parts {
		if !parents[part.ID] {
			out = append(out, part)
		}
	}
	return out
}

// Leaves are the ledger's leaves, which sum to RES.
func (l *Line) Leaves() map[string]int64 {
	out := map[string]int64{}
	for _, part := range leavesOf(&l.Ledger) {
		out[part.ID] = part.Bytes
	}
	return out
}

// heap is what the kernel says of the mappings of Go's heap, in bytes.
type heap struct{ rss, lazyFree, locked int64 }

func arenas(s *mem.Sample) (h heap) {
	for i := range s.VMAs {
		v := &s.VMAs[i]
		for _, arena := range s.Pages.Arenas {
			if arena.Intersect(v.Range).Empty() {
				continue
			}
			h.rss += clamp(v.Rss)
			h.lazyFree += clamp(v.LazyFree)
			if v.Locked > 0 { // Locked is its Pss: all of a mapping is, or none
				h.locked += clamp(v.Rss)
			}
			break
		}
	}
	return h
}

// unsteady: the numbers are of different instants.
func unsteady(s *mem.Sample) bool {
	return s.Pages != nil && !s.Pages.Agrees || s.MemStats != nil && s.MemStats.Torn || s.Unsteady()
}

// clamp takes a size of a sample into signed numbers; no process has a PiB.
func clamp(size uint64) int64 { return int64(min(size, 1<<50)) }
