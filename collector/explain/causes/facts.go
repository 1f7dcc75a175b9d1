package causes

import (
	"math"
	"time"

	"whyres/collector/ledger"
	"whyres/collector/mem"
)

// Facts is all that a cause may look at.
type Facts struct {
	Host    mem.Host
	Process mem.Process
	// Up is how long the process had been running at the sample; 0 unknown.
	Up time.Duration
	// Sample is the one that the ledger divides, never nil. A light one has no
	// mappings and no pages.
	Sample *mem.Sample
	Ledger ledger.Ledger
	// HeapLocked lies in mappings of Go's heap that are locked, resident bytes.
	HeapLocked uint64
	// Trace is nil where no calls were traced.
	Trace *Trace
}

// RES in bytes.
func (f *Facts) RES() int64 { return f.Ledger.RES }

// Leaf is the bytes of a part of the ledger, 0 where there is none.
func (f *Facts) Leaf(id string) int64 { return f.Ledger.Leaf(id) }

// Stats are the runtime's, never nil: Source is "" where they were not read.
func (f *Facts) Stats() *mem.MemStats {
	if f.Sample.MemStats == nil {
		return &mem.MemStats{}
	}
	return f.Sample.MemStats
}

// Clock is never nil: its fields are zero where they were not read.
func (f *Facts) Clock() *mem.GoClock {
	if f.Sample.Clock == nil {
		return &mem.GoClock{}
	}
	return f.Sample.Clock
}

// Pages are never nil: all zero where Go's pages were not read.
func (f *Facts) Pages() *mem.GoPages {
	if f.Sample.Pages == nil {
		return &mem.GoPages{}
	}
	return f.Sample.Pages
}

// GoMinor is 26 of go1.26.8, 0 where the process is not Go or of an unknown
// version.
func (f *Facts) GoMinor() int { return mem.GoMinor(f.Process.GoVersion) }

// SinceGC is how long before the sample the last GC ended; false where there was
// none or it is not known.
func (f *Facts) SinceGC() (time.Duration, bool) {
	m := f.Stats()
	if m.LastGC <= 0 || m.LastGC > f.Sample.At {
		return 0, false
	}
	return f.Sample.At.Sub(m.LastGC), true
}

// Limited reports whether the program has a memory limit (GOMEMLIMIT, debug.SetMemoryLimit).
func (f *Facts) Limited() bool { return f.Stats().Limited() }

// Env is a variable that the process was started with; "" where it was not, or
// is none of mem.EnvNames.
func (f *Facts) Env(name string) string { return f.Process.Env[name] }

// Sum counts calls and their bytes.
type Sum struct {
	Calls uint64 `json:"calls"`
	Bytes uint64 `json:"bytes"`
}

// Add takes one more call in.
func (s *Sum) Add(bytes uint64) {
	s.Calls++
	if s.Bytes += bytes; s.Bytes < bytes {
		s.Bytes = math.MaxUint64
	}
}

// Trace is what the calls and the earlier samples of a trace tell of its target.
type Trace struct {
	Duration  time.Duration `json:"duration_ns"`
	FromStart bool          `json:"from_start"`
	// Lost events: where it is not 0 all sums are "at least".
	Lost uint64 `json:"lost"`
	// Asked are the calls that asked for memory to be taken back
	// (mem.Event.Releases), Left what these took out of RES; ToAllocator what
	// of it reached the page allocator, of those calls for which that was
	// measured (Measured: what these took out of RES).
	Asked       Sum   `json:"asked"`
	Left        int64 `json:"left"`
	Measured    int64 `json:"measured"`
	ToAllocator int64 `json:"to_allocator"`
	// Own are those of Asked by which the runtime releases its own heap, OwnLeft
	// what these took out of RES; OwnRES is RES after the first of them, 0 where
	// it is not known.
	Own     Sum   `json:"own"`
	OwnLeft int64 `json:"own_left"`
	OwnRES  int64 `json:"own_res"`
	// StillThere is what of all ranges that were released in the trace, and not
	// unmapped since, is resident in the newest full sample: it came back, or never
	// left.
	StillThere uint64 `json:"still_there"`
	// Refused are those of Own that failed, by errno; ENOMEM over a hole is no
	// refusal.
	Refused map[string]Sum `json:"refused,omitempty"`
	// RefusedLocked are those of Refused with EINVAL over locked memory.
	RefusedLocked Sum `json:"refused_locked"`
	// Lazy are successful MADV_FREE.
	Lazy Sum `json:"lazy"`
	// NoEffect are successful MADV_DONTNEED of Own over memory of which the trace knows
	// that it was resident (it lay in a range that a sample or another call's
	// counters showed resident), and that took nothing out of RES.
	NoEffect Sum `json:"no_effect"`
	// Fixed are the runtime's mmap(MAP_FIXED) over parts of its heap that are
	// mapped already: what Go 1.21+ does instead of madvise after a refusal.
	Fixed Sum `json:"fixed"`
	// HugeAdvice and CollapseAdvice are MADV_HUGEPAGE and MADV_COLLAPSE of the
	// runtime's own; NoHugeAdvice MADV_NOHUGEPAGE.
	HugeAdvice     Sum `json:"huge_advice"`
	CollapseAdvice Sum `json:"collapse_advice"`
	NoHugeAdvice   Sum `json:"no_huge_advice"`
	// HugeByOthers are MADV_HUGEPAGE and MADV_COLLAPSE of anybody else in the
	// process.
	HugeByOthers Sum `json:"huge_by_others"`
	// HugePages is the most that a sample had in anonymous huge pages.
	HugePages uint64 `json:"huge_pages"`
	// Collapses are huge pages that khugepaged made, and by how much RES rose
	// with them: at least so much, as older kernels do not tell.
	Collapses Sum `json:"collapses"`
	// Untold are those of Collapses of which the kernel did not tell by how much
	// RES rose. Refilled is what of their bytes can be memory that Own had taken
	// out of RES before.
	Untold   uint64 `json:"collapses_untold"`
	Refilled uint64 `json:"refilled"`
	// Shared are releases made while a forked child lived that had the memory as
	// it was at the fork: what was written since is the process's own.
	Shared Sum `json:"shared"`
	// Refaulted are released bytes that load touched again during the trace, as
	// later releases and the newest full sample show: at least so much.
	Refaulted uint64 `json:"refaulted"`
	// RefaultedSoon of them were released once more within ten seconds.
	RefaultedSoon uint64 `json:"refaulted_soon"`
	// AtLimit are releases by allocations that ran into the memory limit.
	AtLimit Sum `json:"at_limit"`
	// SwapFirst and SwapLast are what was swapped out, of the first sample and
	// the last; RESFirst likewise.
	SwapFirst int64 `json:"swap_first"`
	SwapLast  int64 `json:"swap_last"`
	RESFirst  int64 `json:"res_first"`
	// Marked is what GCs found live, of those that samples showed: at most
	// MaxMarked, spread over the trace, the first and the newest among them.
	Marked []Marked `json:"marked,omitempty"`
	// GoroutinesFirst and GoroutinesLast are counts of the first and last full
	// sample, 0 where not read.
	GoroutinesFirst int `json:"goroutines_first"`
	GoroutinesLast  int `json:"goroutines_last"`
	// GoroutineCounts are those of full samples: at most MaxMarked, spread over the
	// trace, the first and the newest among them.
	GoroutineCounts []GoroutineCount `json:"goroutine_counts,omitempty"`
}

// GoroutineCount is how many goroutines were alive.
type GoroutineCount struct {
	At    mem.Instant `json:"at"`
	Count int         `json:"count"`
}

// MaxMarked bounds Trace.Marked and Trace.GoroutineCounts.
const MaxMarked = 64

// Marked is what a GC found live.
type Marked struct {
	NumGC uint32      `json:"num_gc"`
	At    mem.Instant `json:"at"`
	Bytes uint64      `json:"bytes"`
}
