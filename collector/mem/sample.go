package mem

import "math"

// Sample is one look at the process from outside: what /proc says, and what
// the Go runtime's memory says. A light sample has no Smaps, VMAs or Pages.
type Sample struct {
	// At is the instant at which the reading began.
	At Instant `json:"t"`
	// Dur is how long the reading took: the numbers' spread in time.
	Dur int64 `json:"dur_ns"`
	PID int   `json:"pid"`

	RSS RSS `json:"rss"`
	// RSSSource is the file that RSS was read from: "smaps_rollup" (exact) or
	// "status" (off by up to 64 pages a thread, or a batch per CPU, but on
	// kernels with 82241a83cd15: Linux 6.16, 6.12.39).
	RSSSource string `json:"rss_source"`
	Threads   int    `json:"threads,omitempty"`
	VMSize    uint64 `json:"vm_size,omitempty"`
	VMPTE     uint64 `json:"vm_pte,omitempty"`
	VMLck     uint64 `json:"vm_lck,omitempty"`
	VMHWM     uint64 `json:"vm_hwm,omitempty"`

	// MemStats is nil where the Go runtime was not read; GoProblem says why.
	MemStats  *MemStats `json:"memstats,omitempty"`
	GoProblem string    `json:"go_problem,omitempty"`

	// Moved is how far RES went while a full sample was read, the best of some
	// tries: how far its parts may be off.
	Moved int64 `json:"moved,omitempty"`

	// Full samples only.
	Smaps *Smaps `json:"smaps,omitempty"`
	VMAs  []VMA  `json:"vmas,omitempty"`
	// VMAsCut is how many mappings were left out of VMAs, their RSS in
	// VMAsCutRSS.
	VMAsCut    int      `json:"vmas_cut,omitempty"`
	VMAsCutRSS uint64   `json:"vmas_cut_rss,omitempty"`
	Pages      *GoPages `json:"go_pages,omitempty"`
	// PagesProblem says why a full sample has no Pages.
	PagesProblem string `json:"go_pages_problem,omitempty"`
	// Returned: of the ranges that traced calls released since tracing began,
	// and that are still mapped, what is resident now.
	Returned *Returned `json:"returned,omitempty"`

	// Cgroup is what the process's memory control group counts, in full samples;
	// nil where that is not to be seen.
	Cgroup *Cgroup `json:"cgroup,omitempty"`
	// Clock is when Go's GC and scavenger come next, as far as it was read.
	Clock *GoClock `json:"go_clock,omitempty"`

	// Ledger divides RES. It follows from the rest of a full sample: output for
	// people and programs carries it, a recording does not.
	Ledger []Part `json:"ledger,omitempty"`

	// Last marks the sample that closes a trace, taken while the process was
	// still there.
	Last bool `json:"last,omitempty"`
}

// Full reports whether the sample holds the mappings.
func (s *Sample) Full() bool { return s.Smaps != nil }

// Part is one line of a ledger. Parent is "" at the top.
type Part struct {
	ID     string `json:"id"`
	Parent string `json:"parent"`
	// Bytes that are resident; only of "unexplained" it can be negative.
	Bytes int64 `json:"bytes"`
	// What it is, in plain words.
	What string `json:"what"`
}

// Returned tells how much of the released ranges is resident again.
type Returned struct {
	Ranges   int    `json:"ranges"`
	Bytes    uint64 `json:"bytes"`
	Resident uint64 `json:"resident"`
}

// MemStats are the Go runtime's statistics, named as runtime.MemStats names
// them, read from outside. All bytes unless said otherwise.
type MemStats struct {
	// Source is "memory" (read from the process) or "expvar".
	Source       string `json:"source"`
	HeapSys      uint64 `json:"heap_sys"`
	HeapInuse    uint64 `json:"heap_inuse"`
	HeapIdle     uint64 `json:"heap_idle"`
	HeapReleased uint64 `json:"heap_released"`
	// HeapAlloc and HeapObjects need a walk over all spans: zero, with
	// HeapWalked false, in light samples.
	HeapAlloc   uint64 `json:"heap_alloc"`
	HeapObjects uint64 `json:"heap_objects"`
	HeapWalked  bool   `json:"heap_walked,omitempty"`

	StackInuse  uint64 `json:"stack_inuse"`
	StackSys    uint64 `json:"stack_sys"`
	MSpanInuse  uint64 `json:"mspan_inuse,omitempty"`
	MSpanSys    uint64 `json:"mspan_sys,omitempty"`
	MCacheInuse uint64 `json:"mcache_inuse,omitempty"`
	MCacheSys   uint64 `json:"mcache_sys,omitempty"`
	BuckHashSys uint64 `json:"buck_hash_sys,omitempty"`
	GCSys       uint64 `json:"gc_sys,omitempty"`
	OtherSys    uint64 `json:"other_sys,omitempty"`
	Sys         uint64 `json:"sys"`

	NextGC uint64 `json:"next_gc"`
	NumGC  uint32 `json:"num_gc"`
	// NumForcedGC counts GCs that the program itself asked for.
	NumForcedGC uint32 `json:"num_forced_gc"`
	// LastGC is the end of the last GC: of CLOCK_MONOTONIC, 0 if none.
	LastGC Instant `json:"last_gc_mono"`
	// LastGCUnix is the same in nanoseconds since 1970.
	LastGCUnix uint64 `json:"last_gc_unix"`
	// HeapMarked is what the last GC found live.
	HeapMarked uint64 `json:"heap_marked,omitempty"`
	// GCPercent is GOGC; -1 when off. MemoryLimit is math.MaxInt64 when none.
	GCPercent   int32 `json:"gc_percent"`
	MemoryLimit int64 `json:"memory_limit"`

	// The scavenger's goals (runtime.scavenge, 1.19+; the first also from 1.13
	// on, mheap_.scavengeGoal): retained heap above which it works; ^0 when it
	// has nothing to do.
	ScavengeGCPercentGoal   uint64 `json:"scavenge_gc_percent_goal,omitempty"`
	ScavengeMemoryLimitGoal uint64 `json:"scavenge_memory_limit_goal,omitempty"`

	// GCCPU is what the GC has used since the start, in ns of CPU: assists,
	// workers and pauses, without what workers do on CPUs that would be idle. It
	// moves when a GC ends, for the most part. ScavengeCPU is the scavenger's, up
	// to now. Both are the runtime's own estimates, by the clock of whoever
	// works; nil where this Go, or this program, does not tell (the scavenger's
	// before 1.20; stripped programs before 1.26).
	GCCPU       *int64 `json:"gc_cpu_ns,omitempty"`
	ScavengeCPU *int64 `json:"scavenge_cpu_ns,omitempty"`

	// Torn is true when repeated reads never agreed with each other: the
	// numbers come from different instants.
	Torn bool `json:"torn,omitempty"`
	// Retries is how many reads were thrown away to get this one.
	Retries int `json:"retries,omitempty"`
}

// noNextGC is from where NextGC is no goal: GOGC=off without a memory limit makes it
// the largest number there is, less some small ones.
const noNextGC = 1 << 50

// HasNextGC reports whether NextGC is a size of the heap at which a GC begins: it is
// none with GOGC=off, and 0 where it is not known.
func (m *MemStats) HasNextGC() bool { return m.NextGC != 0 && m.NextGC < noNextGC }

// Limited reports whether the program has a memory limit (GOMEMLIMIT,
// debug.SetMemoryLimit).
func (m *MemStats) Limited() bool { return m.MemoryLimit > 0 && m.MemoryLimit < math.MaxInt64 }

// Smaps is /proc/PID/smaps_rollup, in bytes.
type Smaps struct {
	Rss            uint64 `json:"rss"`
	Pss            uint64 `json:"pss"`
	Anonymous      uint64 `json:"anonymous"`
	LazyFree       uint64 `json:"lazy_free"`
	AnonHugePages  uint64 `json:"anon_huge_pages"`
	ShmemPmdMapped uint64 `json:"shmem_pmd_mapped,omitempty"`
	Swap           uint64 `json:"swap"`
	Locked         uint64 `json:"locked"`
}

// VMA is one mapping of /proc/PID/smaps with the numbers whyres uses, in bytes.
type VMA struct {
	Range
	Perms  string `json:"perms"`
	Offset uint64 `json:"offset,omitempty"`
	Inode  uint64 `json:"inode,omitempty"`
	// Path is the file, "[heap]", "[stack]", "[anon: name]" or "".
	Path          string `json:"path,omitempty"`
	Rss           uint64 `json:"rss"`
	Anonymous     uint64 `json:"anonymous,omitempty"`
	LazyFree      uint64 `json:"lazy_free,omitempty"`
	AnonHugePages uint64 `json:"anon_huge_pages,omitempty"`
	Swap          uint64 `json:"swap,omitempty"`
	Locked        uint64 `json:"locked,omitempty"`
	// Shmem: the file is one of a tmpfs; Linux's own names for shared memory
	// ("/memfd:" and the like) are told by Path as well.
	Shmem bool `json:"shmem,omitempty"`
	// Parts of the mapping whose owner is known, one an owner. The kernel joins
	// neighbours of different owners into one mapping: what no part accounts
	// for is whatever the mapping as a whole is.
	Parts []VMAPart `json:"parts,omitempty"`
}

// VMAPart is what one owner holds of a mapping.
type VMAPart struct {
	Owner Owner `json:"owner"`
	Amount
}

// Owner is whose a part of an anonymous mapping is, and how that is known.
type Owner string

// The owners. OwnerRuntime: memory that the Go runtime mapped for itself, by
// its own tables. OwnerThread: the stack of a thread that C created.
// OwnerMalloc: the C library's malloc. OwnerReleased: pages of the Go heap that
// the runtime counts as released. OwnerBSS: the zeroed variables of the file
// that is mapped before, by its ELF headers; all else of such a mapping is not.
const (
	OwnerRuntime  Owner = "go-runtime"
	OwnerThread   Owner = "thread-stack"
	OwnerMalloc   Owner = "malloc"
	OwnerReleased Owner = "go-released"
	OwnerBSS      Owner = "bss"
)

// Amount is a size and how much of it is resident, in bytes.
type Amount struct {
	Bytes    uint64 `json:"bytes"`
	Resident uint64 `json:"resident"`
	// Huge is the part of Resident that is mapped by huge pages; 0 where the
	// kernel does not tell (before 6.7).
	Huge uint64 `json:"huge,omitempty"`
	// Zero is mapped to the kernel's zero page: read but never written. It is
	// neither in Resident nor in RES.
	Zero uint64 `json:"zero,omitempty"`
}

// PageKind tells what is behind a page of the address space.
type PageKind uint8

// The kinds. A page that is not present has none.
const (
	// PageSmall counts in RES and is mapped by itself.
	PageSmall PageKind = iota
	// PageHuge counts in RES and is mapped as part of a huge page.
	PageHuge
	// PageZero is the zero page: present, but not in RES.
	PageZero
)

// GoPages joins the Go page allocator's state with residency, page by page
// (runtime pages are 8 KiB).
type GoPages struct {
	// Arenas are the address ranges of the Go heap (mheap_.pages.inUse or the
	// arenas' ranges), sorted.
	Arenas []Range `json:"arenas"`
	// InUse: spans that hold objects. Stacks: manual spans of goroutine
	// stacks. Manual: other manual spans (GC work buffers). Idle: free, not
	// released. Released: scavenged; its Resident part came back, or never
	// left. Reserved: allocated by the bitmap, in no span, counted as
	// released (Go 1.26+ starts its first arena with such a run; 1.13 to 1.16
	// count the rest of the newest arena so, up to 64 MiB never used).
	InUse    Amount `json:"in_use"`
	Stacks   Amount `json:"stacks"`
	Manual   Amount `json:"manual"`
	Idle     Amount `json:"idle"`
	Released Amount `json:"released"`
	Reserved Amount `json:"reserved"`
	// Dense is the part of Idle in chunks that the scavenger skips until they
	// have been sparse for a whole GC cycle (1.21+).
	Dense Amount `json:"dense"`
	// Next is the part of Idle (of Dense, mostly) that the scavenger may take
	// once the next GC has marked, if nothing is allocated there: in chunks that
	// were dense and are sparse now (1.21+).
	Next Amount `json:"next,omitzero"`
	// Now is the part of Idle that the scavenger would take as it is, if it is
	// above its goal: not in dense chunks, and not above the address from which
	// it searches downwards, which only a GC moves up (1.21+).
	Now Amount `json:"now,omitzero"`
	// Searched: Next and Now were told.
	Searched bool `json:"searched,omitempty"`
	// Objects and Holes divide InUse: allocated objects, live or not, and free
	// slots with what is left over at the ends of spans.
	Objects Amount `json:"objects,omitzero"`
	Holes   Amount `json:"holes,omitzero"`
	// Either is the part of Objects.Resident that may be Holes: spans that are
	// resident in part.
	Either uint64 `json:"either,omitempty"`
	// Chunks divide the heap by address, in pieces of ChunkBytes each, a power of
	// two and 4 MiB where that makes not too many; sorted, those without any heap
	// left out. They sum to the amounts above.
	ChunkBytes uint64    `json:"chunk_bytes,omitempty"`
	Chunks     []GoChunk `json:"chunks,omitempty"`
	// Sizes are the objects by size class, where asked for.
	Sizes []SizeClass `json:"sizes,omitempty"`
	// Goroutines divides Stacks; nil where the goroutines were not read.
	Goroutines *Goroutines `json:"goroutines,omitempty"`

	// Agrees: the sums equal the runtime's own counters read around them.
	Agrees bool `json:"agrees"`
	// Off is the largest difference between a sum and its counter; 0 where
	// Agrees.
	Off uint64 `json:"off,omitempty"`
}

// GoChunk is what a piece of the heap is used for: see GoPages. A piece that the
// heap fills in part is told in part.
type GoChunk struct {
	At    Addr  `json:"at"` // a multiple of GoPages.ChunkBytes
	InUse Share `json:"in_use,omitzero"`
	// Stacks has GoPages.Manual in it too.
	Stacks   Share `json:"stacks,omitzero"`
	Idle     Share `json:"idle,omitzero"`
	Released Share `json:"released,omitzero"`
	Reserved Share `json:"reserved,omitzero"`
}

// Share is bytes, and how many of them are resident.
type Share [2]uint64

// Bytes is the size.
func (s Share) Bytes() uint64 { return s[0] }

// Resident is the part that is resident.
func (s Share) Resident() uint64 { return s[1] }

// SizeClass is the objects of one size class. Class 0 are the large objects,
// one a span: their Size is 0.
type SizeClass struct {
	Class   int    `json:"class"`
	Size    uint64 `json:"size"`
	Spans   uint64 `json:"spans"`
	Objects uint64 `json:"objects"`
	// InUse is the sum of the spans. Of it Allocated are objects, Free free
	// slots; the rest is left over at the ends of the spans.
	InUse     Amount `json:"in_use"`
	Allocated uint64 `json:"allocated"`
	Free      uint64 `json:"free"`
}

// Goroutines are the goroutines, and what of the stack spans they hold. Live,
// Dead, System and Free sum to GoPages.Stacks.
type Goroutines struct {
	// Count are those alive; DeadCount the records of ended ones, which are
	// never freed; DeadHolding those of them that still hold a stack.
	Count       int `json:"count"`
	DeadCount   int `json:"dead_count"`
	DeadHolding int `json:"dead_holding"`
	// Live: stacks of goroutines alive. Dead: of ended ones, kept until a GC
	// frees them. System: the runtime's own, one or two a thread. Free: the
	// rest of the stack spans: cached or pooled.
	Live   Amount `json:"live"`
	Dead   Amount `json:"dead"`
	System Amount `json:"system"`
	Free   Amount `json:"free"`
}

// GoClock is the state of what decides when a Go process gives memory back: the
// monitor thread (runtime.sysmon), which forces GCs and wakes the scavenger, and
// the scavenger itself. Instants are 0 where they are not known.
type GoClock struct {
	// SysmonRan is when sysmon ran last, SysmonWakes when it wakes at the
	// latest: it sleeps for at most 60 s, and less while timers are due or
	// anything runs. Both 0 while it is awake; SysmonRan 0 as well where the
	// kernel does not tell it: then it may wake at any time before SysmonWakes.
	SysmonRan   Instant `json:"sysmon_ran,omitempty"`
	SysmonWakes Instant `json:"sysmon_wakes,omitempty"`
	// SysmonSleep is how long this sleep may last, in ns: 60 s, or less where a
	// timer of the program is due before.
	SysmonSleep int64 `json:"sysmon_sleep_ns,omitempty"`
	// Timer is when the earliest timer of the program is due (1.14+), those of
	// the runtime itself among them; 0 for none, and in light samples.
	Timer Instant `json:"timer,omitempty"`
	// ScavengerParked: the background scavenger waits to be woken;
	// ScavengerAsked: sysmon will wake it when it wakes itself.
	ScavengerParked bool `json:"scavenger_parked,omitempty"`
	ScavengerAsked  bool `json:"scavenger_asked,omitempty"`
	// ScavengerRead: the two above were read (1.14+, not in stripped programs).
	ScavengerRead bool `json:"scavenger_read,omitempty"`
	// GCRunning: a GC is marking.
	GCRunning bool `json:"gc_running,omitempty"`
	// Sweeping: spans of the last GC are still to be swept.
	Sweeping bool `json:"sweeping,omitempty"`
	// Advice is what the runtime releases with, where that was read:
	// "MADV_DONTNEED", "MADV_FREE", or "none" where the kernel refused both and
	// it maps anew instead (1.21+).
	Advice string `json:"advice,omitempty"`
	// NoShrinkStacks: GODEBUG=gcshrinkstackoff=1.
	NoShrinkStacks bool `json:"no_shrink_stacks,omitempty"`
	// MemProfileRate is runtime.MemProfileRate, where it was read; 0 unknown.
	MemProfileRate int64 `json:"mem_profile_rate,omitempty"`
}

// Cgroup is a memory control group as the kernel counts it, in bytes: that of
// the process alone, or of everything in its container.
type Cgroup struct {
	Path string `json:"path"`
	// Processes in it, the groups below included; 0 where not counted.
	Processes int `json:"processes,omitempty"`
	// Limit is the least of the group's and of those above it; 0: none.
	// LimitAt is the group that has it, "" where that is not known, LimitUsage
	// what that one is charged, with all groups below it.
	Limit      uint64 `json:"limit,omitempty"`
	LimitAt    string `json:"limit_at,omitempty"`
	LimitUsage uint64 `json:"limit_usage,omitempty"`
	// Usage is what is charged (memory.current).
	Usage uint64 `json:"usage"`
	// WorkingSet is Usage less InactiveFile: what orchestrators show.
	WorkingSet uint64 `json:"working_set"`
	// The parts of Usage by memory.stat.
	Anon         uint64 `json:"anon"`
	File         uint64 `json:"file"`
	InactiveFile uint64 `json:"inactive_file"`
	Shmem        uint64 `json:"shmem"`
	Kernel       uint64 `json:"kernel,omitempty"`
	Sock         uint64 `json:"sock,omitempty"`
	Slab         uint64 `json:"slab,omitempty"`
	PageTables   uint64 `json:"page_tables,omitempty"`
	Swap         uint64 `json:"swap,omitempty"`
}
