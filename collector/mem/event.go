package mem

import "time"

// Call names a system call that whyres traces, as the manual pages do.
type Call string

// The calls that change or name an address space.
const (
	Mmap           Call = "mmap"
	Munmap         Call = "munmap"
	Madvise        Call = "madvise"
	Mremap         Call = "mremap"
	Brk            Call = "brk"
	ProcessMadvise Call = "process_madvise"
	PrctlSetVMA    Call = "prctl_set_vma"
)

// Who classes the caller of an event by its user stack.
type Who string

// The classes of callers. Growth is the Go heap asking for more; Limit is an
// allocation that released memory to stay below GOMEMLIMIT; Forced is
// debug.FreeOSMemory; Runtime is the Go runtime for other purposes (start-up,
// metadata).
const (
	WhoBackground Who = "background"
	WhoGrowth     Who = "growth"
	WhoLimit      Who = "limit"
	WhoForced     Who = "forced"
	WhoStack      Who = "stack"
	WhoRuntime    Who = "runtime"
	WhoCgo        Who = "cgo"
	WhoUser       Who = "user"
	WhoUnknown    Who = "unknown"
)

// RSS is the resident set by kind, in bytes, as mm->rss_stat counts it
// (include/linux/mm_types_task.h). RES, as top shows it, is Anon+File+Shmem.
type RSS struct {
	Anon  int64 `json:"anon"`
	File  int64 `json:"file"`
	Shmem int64 `json:"shmem"`
	// Swap is swapped-out anonymous memory: not part of RES.
	Swap int64 `json:"swap,omitempty"`
}

// Total is RES in bytes.
func (r RSS) Total() int64 { return r.Anon + r.File + r.Shmem }

// Sub is the change from o to r.
func (r RSS) Sub(o RSS) RSS {
	return RSS{Anon: r.Anon - o.Anon, File: r.File - o.File, Shmem: r.Shmem - o.Shmem, Swap: r.Swap - o.Swap}
}

// GoCounters are the Go runtime's own heap counters (runtime.gcController) as
// the eBPF program read them at the exit of a call. The runtime adds to
// HeapReleased after its madvise returns: a release's own event still shows the
// value before it.
type GoCounters struct {
	HeapInuse    uint64 `json:"heap_inuse"`
	HeapReleased uint64 `json:"heap_released"`
	// HeapFree is free and not released: HeapIdle - HeapReleased of MemStats.
	HeapFree uint64 `json:"heap_free"`
}

// Notes that qualify an event. They are part of the output: what is not known
// is said.
const (
	// NoteNoEntry: the call was not seen entering. Its duration and the RSS
	// before it are unknown. Either it was under way when tracing began, or
	// a seccomp filter answered in its place.
	NoteNoEntry = "no-entry"
	// NoteNoReturn: the call was not seen returning: its result is unknown
	// (Errno "unknown"), its duration is at most Dur. Either its thread ended
	// in it, or the kernel did not run the program at its return.
	NoteNoReturn = "no-return"
	// NoteRSSUnknown: the RSS counters could not be read exactly.
	NoteRSSUnknown = "rss-unknown"
	// NoteShared: RSS changed by something else too while the call ran, so
	// the change between before and after is not this call's alone.
	NoteShared = "rss-shared"
	// NoteUnsure: what the call itself moved is not certain either.
	NoteUnsure = "attribution-unsure"
	// NoteStackCut: the user stack was deeper than what was kept.
	NoteStackCut = "stack-cut"
)

// Event is one system call, from entry to exit.
type Event struct {
	// At is the instant of entry, or of exit where the entry was not seen.
	At   Instant `json:"t"`
	Dur  int64   `json:"dur_ns"`
	PID  int     `json:"pid"`
	TID  int     `json:"tid"`
	Call Call    `json:"call"`
	Addr Addr    `json:"addr"`
	Len  uint64  `json:"len"`

	// Advice of madvise and process_madvise, for instance MADV_DONTNEED.
	Advice string `json:"advice,omitempty"`
	// Prot, MapFlags, FD and Offset of mmap. FD is -1 for anonymous memory.
	Prot     uint32 `json:"prot,omitempty"`
	MapFlags uint32 `json:"map_flags,omitempty"`
	FD       int32  `json:"fd,omitempty"`
	Offset   uint64 `json:"offset,omitempty"`
	// NewLen, RemapFlags and NewAddr are the arguments of mremap.
	NewLen     uint64 `json:"new_len,omitempty"`
	RemapFlags uint32 `json:"remap_flags,omitempty"`
	NewAddr    Addr   `json:"new_addr,omitempty"`
	// TargetFD and Vectors of process_madvise: Len and Addr are unknown there.
	TargetFD int32  `json:"target_fd,omitempty"`
	Vectors  uint64 `json:"vectors,omitempty"`
	// Name is what PR_SET_VMA_ANON_NAME calls the range.
	Name string `json:"name,omitempty"`

	// Ret is the raw return value; a failed call's is -1 with Errno set
	// ("ENOMEM"), and so is that of a call whose return was not seen
	// ("unknown").
	Ret   int64  `json:"ret"`
	Errno string `json:"errno"`

	Before RSS `json:"rss_before"`
	After  RSS `json:"rss_after"`
	// Attributed is the change of RES, in bytes, that this very call made:
	// negative when memory left. After-Before belongs to the whole mm.
	Attributed int64 `json:"attributed"`

	// ToAllocator is the anonymous memory that the kernel's page allocator got
	// back during the call from this very thread, in bytes (tracepoint
	// kmem:mm_page_free); nil where that was not asked for, or the call was not
	// seen from entry to exit.
	ToAllocator *int64 `json:"to_allocator,omitempty"`

	Go    GoCounters `json:"go,omitzero"`
	Who   Who        `json:"who"`
	Stack []string   `json:"stack,omitempty"`
	Notes []string   `json:"notes,omitempty"`

	// PCs is the user stack as addresses, leaf first; symbolised into Stack
	// before a frame is built. Not recorded.
	PCs []uint64 `json:"-"`
}

// End is the instant of the call's exit.
func (e *Event) End() Instant { return e.At + Instant(e.Dur) }

// Duration is the time between entry and exit.
func (e *Event) Duration() time.Duration { return time.Duration(e.Dur) }

// Failed reports whether the call returned an error.
func (e *Event) Failed() bool { return e.Errno != "" }

// Noted reports whether the event carries the note.
func (e *Event) Noted(note string) bool {
	for _, n := range e.Notes {
		if n == note {
			return true
		}
	}
	return false
}

// Releases reports whether the call asks the kernel to take resident memory
// back while the mapping stays: the advices after which pages may leave RES.
func (e *Event) Releases() bool {
	switch e.Advice {
	case "MADV_DONTNEED", "MADV_FREE", "MADV_DONTNEED_LOCKED", "MADV_PAGEOUT", "MADV_REMOVE", "MADV_GUARD_INSTALL":
		return true
	}
	return false
}
