package ledger

import (
	"fmt"
	"strings"

	"whyres/collector/mem"
)

// The plain words of the ledger. Texts that depend on numbers are made where
// the numbers are.
const (
	whatIdle  = "free in Go's heap and not yet released to the system"
	whatDense = "free, in 4 MiB chunks that were nearly full this GC cycle or the one before: the scavenger passes over them until a GC comes"

	whatReleased = "released by Go's heap, and resident all the same: it came back, or never left"
	whatLocked   = "released in locked memory (mlockall): the kernel refuses to take it"
	whatLazy     = "released by MADV_FREE: the kernel takes it when memory gets short, and counts it until then"
	whatHuge     = "released, and in huge pages: a huge page holds these pages, or brought them back"
	whatAgain    = "released, and resident all the same: they came back, or never left"
	whatReserved = "address space at the heap's start (Go 1.26 and newer) or end (Go 1.13 to 1.16) that the runtime counts as released, though it never used it: resident by huge pages, or as it was read"

	whatStacksAll = "stacks of goroutines, free ones that are kept for reuse included"
	whatNoStacks  = "not told from the stacks in use"
	whatCgoHeap   = "C's malloc: the brk heap, its 64 MiB arenas, and large blocks as far as they are known by their headers"
	whatThreads   = "stacks of operating-system threads, those that C keeps for reuse included"
	whatOffHeap   = "mapped outside Go's heap, by Go code or by C"
	whatExe       = "the program's own file: code, constants and variables, private copies and .bss included"
	whatMapped    = "other mapped files and libraries, their private copies and .bss included; clean pages go under pressure"
	whatShmem     = "shared memory"

	whatMetadata = "the Go runtime's own: records of spans and caches, the GC's bitmaps and work buffers, profiling buckets; never given back"

	whatUnexplained = "RES less the sum of the other parts; negative when the process shrank while it was read"
)

// The plain words of objects depend on what the GC has told.

func whatLive(stats *mem.MemStats) string {
	switch {
	case stats.NumGC == 0:
		return "no GC has told what is live yet"
	case stats.HeapMarked == 0:
		return "objects, live or not: what the last GC marked is not known"
	}
	return fmt.Sprintf("objects that GC %d, the last, found live", stats.NumGC)
}

func whatGarbage(stats *mem.MemStats) string {
	switch {
	case stats.NumGC == 0:
		return "objects allocated, live or not: the first GC tells"
	case stats.HeapMarked == 0:
		return "not told from live objects"
	}
	return "objects that the last GC did not mark, or that came after it; live or not: the next GC tells"
}

// whatHoles: told means that residency was asked for object by object.
func whatHoles(p *mem.GoPages, told bool) string {
	const what = "holes in spans that hold objects"
	if !told && p.InUse.Bytes > p.InUse.Resident {
		return what + fmt.Sprintf("; at least: %s of these spans are not resident", Size(clamp(p.InUse.Bytes-p.InUse.Resident)))
	}
	return what
}

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
	case HeapIdle:
		return whatIdle
	case HeapReleased:
		return whatReleased
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
