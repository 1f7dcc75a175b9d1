package goruntime

import (
	"math"
	"strings"

	"whyres/collector/mem"
)

// LimitState says whether GOMEMLIMIT governs what the Go allocator gives back
// when it takes memory. The stack alone cannot tell: since Go 1.19 allocSpan
// releases memory both for a heap growth beyond the GOGC goal and for the
// limit, by the same calls (runtime/mheap.go).
type LimitState int

// The states: not known, no limit near, and the limit reached.
const (
	LimitUnknown LimitState = iota
	LimitFar
	LimitReached
)

// LimitStateOf judges by a sample taken near the event. allocSpan releases for
// the limit when the mapped memory that is not released (Sys - HeapReleased)
// would pass it, and for growth only while runtime.scavenge.gcPercentGoal is
// set. Within 5 % below the limit counts as reached, since a sample is of
// another instant than the event.
func LimitStateOf(s *mem.MemStats) LimitState {
	switch {
	case s == nil || s.Source != "memory" || s.MemoryLimit <= 0:
		return LimitUnknown
	case s.MemoryLimit == math.MaxInt64:
		return LimitFar
	}
	limit, mapped := uint64(s.MemoryLimit), s.Sys-s.HeapReleased
	switch {
	case mapped >= limit-limit/20:
		return LimitReached
	case s.ScavengeGCPercentGoal == math.MaxUint64:
		return LimitUnknown // neither reason holds: the sample is of another time
	}
	return LimitFar
}

// Classify tells from a user stack (leaf first, as Symbolizer.Stack names it)
// who made the call. What the stack cannot tell is mem.WhoUnknown.
func Classify(stack []string, limit LimitState) mem.Who {
	var s sighting
	for _, frame := range stack {
		if s.see(frame) {
			break
		}
	}
	return s.verdict(limit)
}

// frameKind is where a frame's code comes from.
type frameKind int

const (
	unknownFrame frameKind = iota // code in no file
	cFrame                        // not Go
	runtimeFrame                  // package runtime
	syscallFrame                  // the syscall packages
	userFrame                     // any other Go code
)

// kindOf reads it from the forms that Symbolizer documents.
func kindOf(frame string) frameKind {
	switch {
	case frame == "" || strings.HasPrefix(frame, "0x"):
		return unknownFrame
	case strings.Contains(frame, "!") || strings.Contains(frame, "+0x"):
		return cFrame
	case !strings.Contains(frame, "."):
		return cgoOrAssembly(frame)
	}
	switch pkg := packageOf(frame); pkg {
	case "runtime", "runtime/debug", "internal/runtime/atomic":
		return runtimeFrame
	case "syscall", "internal/runtime/syscall", "internal/runtime/syscall/linux", "runtime/internal/syscall",
		"internal/syscall/unix", "golang.org/x/sys/unix", "vendor/golang.org/x/sys/unix":
		return syscallFrame
	case "runtime/cgo":
		return cFrame
	}
	return userFrame
}

// cgoOrAssembly: Go's own names have a package, but the entry points of its
// assembly ("_rt0_amd64_linux", "gosave_systemstack_switch") have none.
func cgoOrAssembly(frame string) frameKind {
	if strings.HasPrefix(frame, "_rt0_") || strings.HasPrefix(frame, "gosave") || strings.HasPrefix(frame, "gogo") {
		return runtimeFrame
	}
	return cFrame
}

// packageOf is the import path of a Go function's name: up to the first dot
// after the last slash (of the part before type parameters).
func packageOf(name string) string {
	head, _, _ := strings.Cut(name, "[")
	slash := strings.LastIndexByte(head, '/') + 1
	dot := strings.IndexByte(head[slash:], '.')
	if dot < 0 {
		return head
	}
	return head[:slash+dot]
}

// sighting is what the frames seen so far, from the leaf up, have told.
type sighting struct {
	leaf    frameKind // the first frame that says something
	decided mem.Who   // a frame that decides alone, "" while none has
	// released: the scavenger's worker. grew: the span allocator. stack: it
	// allocates a goroutine's stack. byRuntime: C code that only carries the
	// runtime's own mmap (runtime/cgo's x_cgo_mmap).
	released, grew, stack, byRuntime bool
}

// see notes one frame and reports whether the ones above it no longer matter:
// the call was made below the first frame that is not the runtime's.
func (s *sighting) see(frame string) bool {
	kind := kindOf(frame)
	frame = plain(frame)
	if s.leaf == unknownFrame && !isTrampoline(frame) && !isCgocall(frame) {
		s.leaf = kind
	}
	switch kind {
	case cFrame:
		if strings.HasSuffix(frame, "x_cgo_mmap") || strings.HasSuffix(frame, "x_cgo_munmap") {
			s.byRuntime = true
		}
	case runtimeFrame:
		s.seeRuntime(strings.TrimPrefix(outermost(frame), "runtime."))
	case userFrame:
		return true
	}
	return s.decided != ""
}

// plain is the function's name without the linker's mark of assembly
// functions.
func plain(frame string) string { return strings.TrimSuffix(frame, ".abi0") }

// isTrampoline: both the runtime and package syscall enter the kernel there.
func isTrampoline(frame string) bool {
	return strings.HasSuffix(frame, "/syscall.Syscall6") || strings.HasSuffix(frame, "/syscall/linux.Syscall6")
}

// isCgocall: what is below it on the stack is C code, known or not.
func isCgocall(frame string) bool {
	return frame == "runtime.cgocall" || strings.HasPrefix(frame, "runtime.asmcgocall")
}

// outermost names the function that a closure is written in.
func outermost(frame string) string {
	if i := strings.Index(frame, ".func"); i > 0 {
		return frame[:i]
	}
	return frame
}

// seeRuntime knows the runtime's functions, by name without the package. The
// names are those of Go 1.12 to 1.27 (runtime/mheap.go, mgcscavenge.go,
// stack.go, malloc.go, cgocall.go).
func (s *sighting) seeRuntime(name string) {
	switch name {
	case "(*pageAlloc).scavenge", "(*pageAlloc).scavengeOne", "(*mheap).scavenge", "(*mheap).scavengeLargest",
		"(*mheap).scavengeIfNeededLocked", "(*mheap).scavengeLocked":
		s.released = true
	case "bgscavenge", "(*scavengerState).run":
		s.decided = mem.WhoBackground
	case "(*mheap).scavengeAll":
		s.decided = mem.WhoForced
	case "sysmon":
		if s.released { // Go 1.12 has no bgscavenge
			s.decided = mem.WhoBackground
		}
	case "runtime/debug.freeOSMemory", "runtime/debug.FreeOSMemory", "runtime_debug_freeOSMemory":
		if !s.grew {
			s.decided = mem.WhoForced
		}
	case "(*mheap).allocSpan", "(*mheap).grow", "(*mheap).growAddSpan", "(*mheap).sysAlloc", "(*mheap).allocSpanLocked":
		s.grew = true
	case "stackalloc", "stackpoolalloc", "stackcacherefill", "malg":
		s.stack = true
	case "persistentalloc", "persistentalloc1", "sysAlloc", "(*fixalloc).alloc":
		if !s.grew {
			s.decided = mem.WhoRuntime
		}
	case "cgocall", "asmcgocall", "asmcgocall_no_g":
		if !s.grew && !s.released && !s.byRuntime && s.leaf != runtimeFrame {
			s.decided = mem.WhoCgo
		}
	}
}

func (s *sighting) verdict(limit LimitState) mem.Who {
	switch {
	case s.decided != "":
		return s.decided
	case s.released && s.grew:
		return growthOrLimit(limit)
	case s.released:
		return mem.WhoUnknown // the frames that would tell are missing
	case s.stack:
		return mem.WhoStack
	case s.grew:
		return mem.WhoGrowth
	case s.byRuntime:
		return mem.WhoRuntime
	}
	switch s.leaf {
	case cFrame:
		return mem.WhoCgo
	case runtimeFrame:
		return mem.WhoRuntime
	case syscallFrame, userFrame:
		return mem.WhoUser
	}
	return mem.WhoUnknown
}

func growthOrLimit(limit LimitState) mem.Who {
	switch limit {
	case LimitFar:
		return mem.WhoGrowth
	case LimitReached:
		return mem.WhoLimit
	}
	return mem.WhoUnknown
}
