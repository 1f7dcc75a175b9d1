package ledger

import "strings"

// The plain words of the ledger. Texts that depend on numbers are made where
// the numbers are.
const (
	whatIdle     = "free in Go's heap and not yet released to the system"
	whatReleased = "released by Go's heap, and resident all the same: it came back, or never left"
	whatStacks   = "stacks of goroutines, free ones that are kept for reuse included"
	whatNoStacks = "not told from the stacks in use"
	whatCgoHeap  = "C's malloc: the brk heap and its 64 MiB arenas; blocks that malloc maps one by one count as offheap.mmap"
	whatThreads  = "stacks of operating-system threads"
	whatExe      = "the program's own file: code, constants and variables, private copies and .bss included"
	whatMapped   = "other mapped files and libraries, their private copies included; clean pages go under pressure"
	whatShmem    = "shared memory"

	whatMetadata = "the Go runtime's own: records of spans and caches, the GC's bitmaps and work buffers, profiling buckets; never given back"

	whatUnexplained = "RES less the sum of the other parts; negative when the process shrank while it was read"
)

// parentOf is the part before the last dot.
func parentOf(id string) string {
	dot := strings.LastIndexByte(id, '.')
	if dot < 0 {
		return ""
	}
	return id[:dot]
}

// whatParent are the plain words of the parts that have children.
func whatParent(id string) string {
	switch id {
	case "heap":
		return "Go's heap"
	case "stacks":
		return "goroutine stacks"
	case "runtime":
		return "the Go runtime's own"
	case "cgo":
		return "C code"
	case "offheap":
		return "mapped outside Go's heap"
	case "file":
		return "files"
	}
	return id
}
