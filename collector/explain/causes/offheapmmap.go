package causes

import (
	"fmt"
	"path"
	"slices"
	"strings"

	"whyres/collector/ledger"
	"whyres/collector/mem"
)

// offHeapMmap: anonymous memory that the program mapped beside Go's heap.
func offHeapMmap() Cause {
	return Cause{
		ID: "offheap-mmap",
		Page: Page{
			What: "memory that Go code or a C library mapped for itself, beside Go's heap",
			Mechanism: "Caches and databases written in Go map memory by mmap to keep it out of the GC's sight (fastcache, for instance). " +
				"The GC does not free it, heap profiles do not show it, and GOMEMLIMIT does not count it: it stays until its owner unmaps it. " +
				"Memory of C allocators other than glibc's malloc (jemalloc, tcmalloc, mimalloc, musl), and what memalign and the like return, looks the same from outside and counts here too.",
			Proof: "It is resident anonymous memory that is none of Go's heap, of the Go runtime's own tables, of glibc's malloc or of a thread's stack. " +
				"In a program without cgo nothing but Go code can have mapped it. Who did so shows only at the call: trace prints it for mappings made while it runs. " +
				"Less than 16 MiB, or than an eighth of RES, any program may need: that is told as possible.",
			Remedy: []string{
				"the owner's own way to free it (fastcache: Cache.Reset; else syscall.Munmap), or a smaller limit in its configuration",
				"madvise(MADV_DONTNEED) by the owner: keeps the addresses, drops the pages and what is in them. Over locked memory (mlock, mlockall) it fails with EINVAL: munlock first, or munmap",
				"take it off GOMEMLIMIT: the limit of the container less this memory is what Go may have",
			},
			Versions: "All releases of Go and Linux.",
			Sources: []string{
				"mmap(2)", "runtime/debug.SetMemoryLimit (what the limit does not count)", "github.com/VictoriaMetrics/fastcache/pull/77",
			},
		},
		Find: findOffHeapMmap,
	}
}

func findOffHeapMmap(f *Facts) *Finding {
	takes := f.All(ledger.OffHeap)
	// What a sanitizer maps for its shadow is much, and no code of the program's.
	if Total(takes) < modest || f.Process.Sanitizer != "" {
		return nil
	}
	found := &Finding{
		Confidence: Likely, Takes: takes,
		Says:     "were mapped beside Go's heap by Go code or by C: neither the GC nor GOMEMLIMIT knows of it, and only its owner gives it back",
		Evidence: append(largestMapping(f), allocators(f)...),
		Remedy: []string{
			"find its owner, and use the owner's way to free it or a smaller limit in its configuration (fastcache: Cache.Reset; mappings of your own: syscall.Munmap)",
			"set GOMEMLIMIT lower by as much: it does not count this memory",
		},
		Ask: whoMapped(f),
	}
	located := hasOwner(f, mem.OwnerRuntime)
	switch {
	case !located:
		found.Evidence = append(found.Evidence, "the Go runtime's own tables were not located: this is what exceeds its counters")
	case f.Process.Cgo:
		found.Evidence = append(found.Evidence, "the program has C code: memory of memalign, and of allocators other than glibc's malloc, counts here too")
	default:
		found.Confidence = Proved
		found.Says = "were mapped by Go code beside Go's heap: neither the GC nor GOMEMLIMIT knows of it, and only its owner gives it back"
		found.Evidence = append(found.Evidence, "the program has no C code, and the Go runtime's own memory is located by its tables")
	}
	found.Confidence = f.atMost(found.Confidence, Total(takes))
	if locked := lockedOutside(f); locked > 0 {
		found.Evidence = append(found.Evidence, bytesOf(locked)+" of these mappings are locked (mlock or mlockall; Locked of smaps): the kernel neither swaps them nor takes them back")
		found.Remedy = append(found.Remedy, "for what is locked: munmap, or munlock before madvise(MADV_DONTNEED), which fails with EINVAL over locked memory")
	}
	return found
}

// lockedOutside is what of nobody's unnamed mappings is locked, resident bytes.
func lockedOutside(f *Facts) (sum uint64) {
	for i := range f.Sample.VMAs {
		if v := &f.Sample.VMAs[i]; isUnnamed(v) && !isGoHeap(f, v) {
			sum += min(v.Locked, unowned(v))
		}
	}
	return sum
}

// isUnnamed: anonymous memory to which neither the kernel nor the C library gave
// a name of its own.
func isUnnamed(v *mem.VMA) bool {
	return v.Inode == 0 && (v.Path == "" || strings.HasPrefix(v.Path, "[anon:") && !strings.HasPrefix(v.Path, "[anon: "))
}

// whoMapped: only calls tell who made them.
func whoMapped(f *Facts) []string {
	if f.Trace != nil {
		return []string{"the lines of the trace name who called mmap, for what was mapped while it ran"}
	}
	return []string{fmt.Sprintf("whyres trace -p %d names who calls mmap from now on; whyres trace -- COMMAND all from the start", f.Process.PID)}
}

// largestMapping names the unnamed mapping with the most in it that is nobody's.
func largestMapping(f *Facts) []string {
	var largest *mem.VMA
	vmas := f.Sample.VMAs
	for i := range vmas {
		v := &vmas[i]
		if isUnnamed(v) && !isGoHeap(f, v) && (largest == nil || unowned(v) > unowned(largest)) {
			largest = v
		}
	}
	if largest == nil || unowned(largest) == 0 {
		return nil
	}
	name := ""
	if largest.Path != "" {
		name = " " + largest.Path
	}
	return []string{fmt.Sprintf("the largest of these mappings is %x-%x%s, of %s, with %s resident",
		uint64(largest.Start), uint64(largest.End), name, bytesOf(largest.Len()), bytesOf(unowned(largest)))}
}

// allocators names the libraries whose heaps count as mapped memory.
func allocators(f *Facts) []string {
	var lines []string
	for _, file := range mappedFiles(f) {
		name := path.Base(file.path)
		isAllocator := slices.ContainsFunc([]string{"libjemalloc", "libtcmalloc", "libmimalloc", "ld-musl-", "libc.musl-"},
			func(prefix string) bool { return strings.HasPrefix(name, prefix) })
		if isAllocator {
			lines = append(lines, name+" is mapped: its malloc takes memory this way, and its heap counts here")
		}
	}
	return lines
}

func hasOwner(f *Facts, owner mem.Owner) bool {
	return slices.ContainsFunc(f.Sample.VMAs, func(v mem.VMA) bool { return hasPart(&v, owner) })
}
