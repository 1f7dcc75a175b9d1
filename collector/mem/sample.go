package mem

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
	// "status" (on kernels before 6.12 off by up to 64 pages a thread, or a
	// batch per CPU).
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

	// Last marks the sample that closes a trace, taken while the process was
	// still there.
	Last bool `json:"last,omitempty"`
}

// Full reports whether the sample holds the mappings.
func (s *Sample) Full() bool { return s.Smaps != nil }

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

	// The scavenger's goals (runtime.scavenge, 1.19+): retained heap above
	// which it works; ^0 when it has nothing to do.
	ScavengeGCPercentGoal   uint64 `json:"scavenge_gc_percent_goal,omitempty"`
	ScavengeMemoryLimitGoal uint64 `json:"scavenge_memory_limit_goal,omitempty"`

	// Torn is true when repeated reads never agreed with each other: the
	// numbers come from different instants.
	Torn bool `json:"torn,omitempty"`
	// Retries is how many reads were thrown away to get this one.
	Retries int `json:"retries,omitempty"`
}

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
}

// Amount is a size and how much of it is resident, in bytes.
type Amount struct {
	Bytes    uint64 `json:"bytes"`
	Resident uint64 `json:"resident"`
}

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
	// released (Go 1.26+ starts its first arena with such a run).
	InUse    Amount `json:"in_use"`
	Stacks   Amount `json:"stacks"`
	Manual   Amount `json:"manual"`
	Idle     Amount `json:"idle"`
	Released Amount `json:"released"`
	Reserved Amount `json:"reserved"`
	// Dense is the part of Idle in chunks that the scavenger skips until they
	// have been sparse for a whole GC cycle (1.21+).
	Dense Amount `json:"dense"`
	// Agrees: the sums equal the runtime's own counters read around them.
	Agrees bool `json:"agrees"`
}
