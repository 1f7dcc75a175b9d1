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

// classes is the class of each mapping. A library is known by a mapping of it
// that holds code: the anonymous memory behind its variables is more of them.
func classes(vmas []mem.VMA, arenas []mem.Range, p mem.Process) []class {
	// maps files escape a new line in a path, the exe link does not.
	exe := strings.ReplaceAll(p.Exe, "\n", `\012`)
	code := map[string]bool{}
	for i := range vmas {
		if v := &vmas[i]; v.Inode != 0 && len(v.Perms) > 2 && v.Perms[2] == 'x' {
			code[v.Path] = true
		}
	}
	out := make([]class, len(vmas))
	for i := range vmas {
		out[i] = classOf(vmas, i, arenas, exe, p.Cgo)
		if out[i] == classAnon && isBehind(vmas, i) && code[vmas[i-1].Path] {
			out[i] = classFile
		}
	}
	return out
}

// classOf looks at a mapping and at its neighbours.
func classOf(vmas []mem.VMA, i int, arenas []mem.Range, exe string, cgo bool) class {
	v := &vmas[i]
	switch {
	case overlaps(arenas, v.Range):
		return classArena
	case exe != "" && v.Path == exe:
		return classExe
	case v.Shmem:
		return classShmem
	case v.Path != "":
		return classOfPath(v.Path)
	case v.Inode != 0:
		return classFile
	case exe != "" && isBehind(vmas, i) && vmas[i-1].Path == exe:
		return classExe
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
	case isShmem(path):
		return classShmem
	case !isNamed:
		return classFile // "[vdso]" too: the kernel counts its pages as file pages
	case strings.HasPrefix(strings.TrimLeft(name, " "), "Go: "):
		return classRuntime
	case strings.Contains(name, "malloc"):
		return classCgoHeap
	case strings.Contains(name, "stack"):
		return classThread
	}
	return classOffHeap
}

// isShmem tells the mappings of the kernel's own tmpfs, and POSIX shared
// memory at its usual place.
func isShmem(path string) bool {
	for _, prefix := range [...]string{"/dev/zero", "/memfd:", "/SYSV", "/dev/shm/", "[anon_shmem:"} {
		if strings.HasPrefix(path, prefix) {
			return true
		}
	}
	return false
}

// overlaps reports whether any of the arenas holds a part of r.
func overlaps(arenas []mem.Range, r mem.Range) bool {
	for _, a := range arenas {
		if !a.Intersect(r).Empty() {
			return true
		}
	}
	return false
}

// isBehind: anonymous memory right behind writable memory of a file. Behind a
// program's or a library's variables those that are zero at first follow.
func isBehind(vmas []mem.VMA, i int) bool {
	if i == 0 || vmas[i].Path != "" || vmas[i].Inode != 0 {
		return false
	}
	before := &vmas[i-1]
	return before.Path != "" && before.End == vmas[i].Start && isWritable(before) && isWritable(&vmas[i])
}

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
