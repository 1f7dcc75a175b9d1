package mem

import "time"

// Schema is the recording's name and version.
const Schema = "whyres/record/1"

// Frame is one item of the stream that every sink reads: exactly one of the
// pointers is set. Frames come in order of At, which of an event is its end: in
// a recording, t + dur_ns.
type Frame struct {
	At     Instant
	Header *Header
	Event  *Event
	Sample *Sample
	Mark   *Mark
	Lost   *Lost
}

// Header opens every stream.
type Header struct {
	Schema string `json:"schema"`
	// Tool is the version of whyres that wrote the stream.
	Tool string `json:"tool,omitempty"`
	// Time and Mono are the same instant on both clocks.
	Time    time.Time `json:"time"`
	Mono    Instant   `json:"mono"`
	Host    Host      `json:"host"`
	Process Process   `json:"process"`
	// FromStart: the process was traced from its very first mmap.
	FromStart bool `json:"from_start,omitempty"`
	// Children: processes that the target starts are traced too.
	Children bool `json:"children,omitempty"`
	// Attach is how the calls are seen: "fentry" or "raw_tracepoint".
	Attach string `json:"attach,omitempty"`
	// Missing says in plain words what this trace cannot show and why.
	Missing []string `json:"missing,omitempty"`
}

// UnixNano is Time in ns since 1970, 0 ("not known") for what that cannot express.
func (h *Header) UnixNano() int64 {
	if year := h.Time.Year(); year < 1970 || year > 2261 {
		return 0
	}
	return h.Time.UnixNano()
}

// Host is where the trace was taken.
type Host struct {
	Kernel string `json:"kernel"`
	// Build is the kernel's own version text (uname -v), which of distributions
	// names the package: Kernel often does not tell the patch.
	Build    string `json:"kernel_build,omitempty"`
	Arch     string `json:"arch"`
	PageSize int    `json:"page_size"`
	THP      string `json:"thp"`
	CPUs     int    `json:"cpus"`
	// MaxPtesNone is khugepaged's: how many of the 512 pages of a huge page may
	// be missing when it makes one; nil where that is not known.
	MaxPtesNone *int `json:"max_ptes_none,omitempty"`
	// SwapTotal is the host's swap space, 0 where it has none.
	SwapTotal uint64 `json:"swap_total,omitempty"`
	// CPUModel is the first CPU's name, "" where the kernel does not tell one.
	CPUModel string `json:"cpu_model,omitempty"`
	// MemTotal is the RAM that the kernel has, in bytes; 0 where that is not known.
	MemTotal uint64 `json:"mem_total,omitempty"`
}

// Process is the target at the time of the header. GoVersion is "" where it is
// not Go.
type Process struct {
	PID       int    `json:"pid"`
	Comm      string `json:"comm"`
	Exe       string `json:"exe"`
	GoVersion string `json:"go_version"`
	Cgo       bool   `json:"cgo"`
	// Up is how long it had been running when it was described, in ns; 0 where
	// that is not known.
	Up int64 `json:"up_ns,omitempty"`
	// Sanitizer is "race", "asan" or "msan" where the program was built with
	// one, by its build info.
	Sanitizer string `json:"sanitizer,omitempty"`
	// Env are those of the variables in EnvNames that the process was started
	// with (/proc/PID/environ; what it sets itself later does not show).
	Env map[string]string `json:"env,omitempty"`
	// Seccomp: its system calls go through a seccomp filter.
	Seccomp bool `json:"seccomp,omitempty"`
}

// EnvNames are the environment variables that say how a process keeps memory;
// whyres keeps no other, and of GODEBUG no more than GodebugNames.
func EnvNames() []string {
	return []string{"GODEBUG", "GOGC", "GOMEMLIMIT", "MALLOC_ARENA_MAX"}
}

// MarkKind names a mark.
type MarkKind string

// The kinds of marks.
const (
	MarkGC       MarkKind = "gc"
	MarkFork     MarkKind = "fork"
	MarkExec     MarkKind = "exec"
	MarkExit     MarkKind = "exit"
	MarkCollapse MarkKind = "collapse"
	// MarkEnd closes a trace; Why is "interrupt", "time is up" or
	// "target exited".
	MarkEnd MarkKind = "end"
)

// Mark is something that happened to the target other than a call.
type Mark struct {
	At   Instant  `json:"t"`
	Kind MarkKind `json:"mark"`
	PID  int      `json:"pid"`
	// NumGC of a GC: it is the NumGC-th; First is set when several GCs share
	// one mark because their own instants are no longer known.
	NumGC uint32 `json:"num_gc,omitempty"`
	First uint32 `json:"first_gc,omitempty"`
	// Why a GC ran ("heap goal", "2 min idle", "asked for", "unknown"); why a trace
	// ended; what exec replaced.
	Why string `json:"why,omitempty"`
	// Child of a fork. SameMemory: it runs in its parent's memory itself until
	// it executes a program (vfork): nothing is shared that a release would
	// leave with it.
	Child      int  `json:"child,omitempty"`
	SameMemory bool `json:"same_memory,omitempty"`
	// Exit code of an exit, or the signal that ended it.
	ExitCode int `json:"exit_code,omitempty"`
	Signal   int `json:"signal,omitempty"`
	// Comm after an exec, and the program that runs now; nil where it had
	// ended before it could be looked at.
	Comm    string   `json:"comm,omitempty"`
	Process *Process `json:"process,omitempty"`
	// Asked: a collapse that the process asked for (MADV_COLLAPSE), not
	// khugepaged's.
	Asked bool `json:"asked,omitempty"`
	// Grew is by how much a collapse made RES grow, in bytes: the pages that were
	// missing in what became a huge page (none_or_zero of the kernel's
	// mm_collapse_huge_page_isolate); nil where the kernel did not tell.
	Grew *int64 `json:"grew,omitempty"`
	// RSS after a collapse, or of the parent at a fork, exact.
	RSS RSS `json:"rss,omitzero"`
}

// Lost says how many events were dropped since the last such frame, and where.
type Lost struct {
	At Instant `json:"t"`
	// Events dropped in all since tracing began, by the CPU that dropped them.
	Total  uint64   `json:"total"`
	PerCPU []uint64 `json:"per_cpu,omitempty"`
	// Since the previous Lost frame.
	New uint64 `json:"new"`
	// Why: "ring full", "table full".
	Reasons map[string]uint64 `json:"reasons,omitempty"`
	// Skipped is how often the kernel did not run one of the programs, for
	// whatever process of the host. Most of these are of no traced process,
	// and those that are come to light as events with the note "no-entry" or
	// "no-return": a bound on what was missed unseen.
	Skipped uint64 `json:"skipped_host_wide,omitempty"`
}
