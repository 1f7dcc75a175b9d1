package ledger

import (
	"strings"

	"whyres/collector/mem"
)

// class is what a mapping is, as far as the mapping itself tells.
type class int

const (
	// classAnon is anonymous memory that nothing names: the Go runtime's own,
	// the program's mmaps, or C's.
	classAnon class = iota
	classArena
	// classRuntime is named by the Go runtime and no arena.
	classRuntime
	classCgoHeap
	classThread
	classOffHeap
	classExe
	classFile
	classShmem
)

// classes is the class of each mapping, less the zeroed variables of a file
// that may begin it.
func classes(vmas []mem.VMA, arenas []mem.Range, exe string, cgo bool) []class {
	out := make([]class, len(vmas))
	for i := range vmas {
		out[i] = classOf(vmas, i, arenas, exe, cgo)
	}
	return out
}

// classOf looks at a mapping and at its neighbours.
func classOf(vmas []mem.VMA, i int, arenas []mem.Range, exe string, cgo bool) class {
	v := &vmas[i]
	switch {
	case mem.Overlaps(arenas, v.Range):
		return classArena
	case exe != "" && v.Path == exe:
		return classExe
	case v.Shmem:
		return classShmem
	case v.Path != "":
		return classOfPath(v.Path)
	case v.Inode != 0:
		return classFile
	case cgo && isMallocArena(vmas, i):
		return classCgoHeap
	case cgo && isThreadStack(vmas, i):
		return classThread
	}
	return classAnon
}

// classOfPath tells by what the kernel, the runtime or the C library call it.
func classOfPath(path string) class {
	name, isNamed := strings.CutPrefix(path, "[anon:")
	switch {
	case path == "[heap]":
		return classCgoHeap
	case path == "[stack]":
		return classThread
	case mem.IsShmemName(path):
		return classShmem
	case !isNamed:
		return classFile // "[vdso]" too: the kernel counts its pages as file pages
	}
	return classOfName(strings.TrimSuffix(name, "]"))
}

// classOfName tells by the name that a program gave its memory (prctl(2),
// PR_SET_VMA_ANON_NAME). Programs choose names freely: only those that the Go
// runtime (runtime.setVMAName), glibc (__set_vma_name) and bionic
// (bionic/libc: pthread_create.cpp, malloc; external/scudo) choose are known.
func classOfName(name string) class {
	switch name {
	case " glibc: malloc", " glibc: malloc arena", " glibc: loader malloc", "libc_malloc":
		return classCgoHeap
	case "stack_and_tls:main", "thread signal stack":
		return classThread
	}
	switch {
	case strings.HasPrefix(name, " Go: "):
		return classRuntime
	case strings.HasPrefix(name, "scudo:"):
		return classCgoHeap
	}
	for _, prefix := range [...]string{" glibc: pthread stack: ", " glibc: pthread user stack: ", "stack_and_tls:"} {
		if id, ok := strings.CutPrefix(name, prefix); ok && isNumber(id) {
			return classThread
		}
	}
	return classOffHeap
}

func isNumber(s string) bool { return s != "" && strings.Trim(s, "0123456789") == "" }

func isWritable(v *mem.VMA) bool { return len(v.Perms) > 1 && v.Perms[1] == 'w' }

// isReserved: no access at all: a guard, or address space kept for later.
func isReserved(v *mem.VMA) bool { return v.Path == "" && strings.HasPrefix(v.Perms, "---") }

// glibc's HEAP_MAX_SIZE on 64-bit machines, and the usual stack limit.
const (
	mallocArena = 64 << 20
	threadStack = 8 << 20
	maxGuard    = 64 << 10
)

// isMallocArena: glibc's arenas start at a multiple of 64 MiB; what is in use
// is writable, the rest up to 64 MiB reserved.
func isMallocArena(vmas []mem.VMA, i int) bool {
	v := &vmas[i]
	if v.Start%mallocArena != 0 || !isWritable(v) || v.Len() > mallocArena {
		return false
	}
	if v.Len() == mallocArena {
		return true
	}
	if i+1 == len(vmas) {
		return false
	}
	rest := &vmas[i+1]
	return isReserved(rest) && rest.Start == v.End && uint64(rest.End-v.Start) == mallocArena
}

// isThreadStack: 8 MiB, the guard before it included or not.
func isThreadStack(vmas []mem.VMA, i int) bool {
	v := &vmas[i]
	if i == 0 || !isWritable(v) || v.Len() > threadStack || v.Len() < threadStack-maxGuard {
		return false
	}
	guard := &vmas[i-1]
	return isReserved(guard) && guard.End == v.Start && guard.Len() <= maxGuard
}
