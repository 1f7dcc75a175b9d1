package causes

import (
	"fmt"
	"strings"

	"whyres/collector/ledger"
	"whyres/collector/mem"
)

// cgoHeap: C's malloc holds it, in use or free inside malloc.
func cgoHeap() Cause {
	return Cause{
		ID: "cgo-heap",
		Page: Page{
			What: "memory that C code got from malloc, in use or free inside malloc",
			Mechanism: "C code that a Go program calls (SQLite, image and compression libraries, drivers) takes memory from C's malloc, " +
				"of which Go's GC, its profiles and GOMEMLIMIT know nothing. " +
				"glibc gives freed memory back by itself only at the end of its heap, or where a block was large enough to be mapped alone; " +
				"one small block in use at the end keeps all that is free before it. " +
				"Threads that meet in malloc get arenas of their own, up to eight for each CPU, in areas of 64 MiB of address space; " +
				"what is free in one arena is of no use to the others.",
			Proof: "The brk heap is named by the kernel; malloc's arenas and large blocks are known by the headers that glibc writes there. " +
				"Which part of it is in use and which is free inside malloc cannot be told from outside: malloc_info(3) tells it from within. " +
				"So what is proved is that C's malloc holds it. Less than 16 MiB, or than an eighth of RES, any program with C code may need: that is told as possible. " +
				"Heaps of jemalloc, tcmalloc, mimalloc and musl are not recognised: they count as offheap-mmap.",
			Remedy: []string{
				"MALLOC_ARENA_MAX=2 at the next start, where there are many arenas: threads then wait for each other in malloc more often",
				"malloc_trim(0), called by cgo after the load: gives back free pages inside malloc (glibc 2.8 and newer), at the price of faults when they are used again",
				"mallopt(M_MMAP_THRESHOLD, 131072), or MALLOC_MMAP_THRESHOLD_=131072 at the next start: larger blocks are mapped alone and go back as they are freed; each costs two system calls",
				"free what C code still holds: Go's GC does not",
			},
			Versions: "Programs built with cgo, any Go. What is said of malloc's ways is of glibc.",
			Sources: []string{
				"mallopt(3), M_ARENA_MAX, M_MMAP_THRESHOLD, M_TRIM_THRESHOLD", "malloc_trim(3)", "malloc_info(3)",
				"glibc malloc/arena.c (HEAP_MAX_SIZE)", "golang.org/issue/53440",
			},
		},
		Find: findCgoHeap,
	}
}

func findCgoHeap(f *Facts) *Finding {
	m := mallocOf(f)
	bytes := f.Leaf(ledger.CgoHeap)
	if f.Sample.Pages == nil && f.Process.GoVersion != "" {
		// Go's heap was not told apart, and looks much like an arena.
		bytes = min(bytes, int64(min(m.known, 1<<50)))
	}
	if bytes < modest {
		return nil
	}
	found := &Finding{
		Confidence: Likely, Takes: []Take{{ledger.CgoHeap, bytes}},
		Says:     "are held by C's malloc; how much of that is in use and how much is free inside malloc cannot be told from outside",
		Evidence: m.evidence(f), Remedy: m.remedies(f),
		Ask: []string{"malloc_info(0, stderr), called in the process by cgo, tells what is free inside malloc"},
	}
	if nearlyAll(m.known, bytes) {
		found.Confidence = Proved
	}
	found.Confidence = f.atMost(found.Confidence, bytes)
	if f.Trace == nil {
		found.Ask = append(found.Ask, fmt.Sprintf("whyres trace -p %d shows when C maps more, and whether it gives anything back", f.Process.PID))
	}
	return found
}

// much is from how many bytes on memory outside Go's heap is a reason for RES
// rather than what a program needs to do its work, if it is an eighth of RES, too.
const much = 16 << 20

// atMost: where the memory is little, whose it is may be proved, and yet nothing
// may be wrong with it: possible.
func (f *Facts) atMost(c Confidence, bytes int64) Confidence {
	if bytes < much || bytes < f.RES()/8 {
		return Possible
	}
	return c
}

// malloc is what the mappings tell of C's malloc, in bytes that are resident.
type malloc struct {
	brk uint64
	// known is all that is malloc's by a name or by its own headers.
	known uint64
	// arenas counts areas of 64 MiB beside the brk heap; inArenas is no less
	// than what they hold, as other blocks may lie in the same mappings.
	arenas   int
	inArenas uint64
}

func mallocOf(f *Facts) (m malloc) {
	m.known = ownedBy(f, mem.OwnerMalloc)
	for i := range f.Sample.VMAs {
		v := &f.Sample.VMAs[i]
		switch {
		case isGoHeap(f, v):
			continue
		case v.Path == "[heap]":
			m.brk += v.Rss
			m.known += unowned(v)
		case isMallocName(v.Path):
			m.known += unowned(v)
		}
		if n := arenasIn(f.Sample.VMAs, i); n > 0 {
			m.arenas += n
			m.inArenas += v.Rss
		}
	}
	return m
}

// isMallocName: glibc's, bionic's and scudo's names of their memory.
func isMallocName(path string) bool {
	return strings.HasPrefix(path, "[anon: glibc: malloc") || path == "[anon:libc_malloc]" || strings.HasPrefix(path, "[anon:scudo:")
}

func unowned(v *mem.VMA) uint64 {
	left := v.Rss
	for _, part := range v.Parts {
		left -= min(left, part.Resident)
	}
	return left
}

// arenaArea is glibc's HEAP_MAX_SIZE on 64-bit machines.
const arenaArea = 64 << 20

// arenasIn counts malloc's areas in a mapping: they begin at multiples of their
// size, and what is not in use yet at the end of the last one is reserved. The
// kernel joins neighbours, so a mapping may hold several.
func arenasIn(vmas []mem.VMA, i int) int {
	v := &vmas[i]
	if !hasPart(v, mem.OwnerMalloc) && !isMallocName(v.Path) {
		return 0
	}
	end := v.End
	if i+1 < len(vmas) && vmas[i+1].Start == end && strings.HasPrefix(vmas[i+1].Perms, "---") {
		end = vmas[i+1].End
	}
	if end%arenaArea != 0 {
		return 0
	}
	if first := (v.Start + arenaArea - 1) &^ (arenaArea - 1); v.Start%arenaArea == 0 || uint64(end-first) >= arenaArea {
		return int(uint64(end-first) / arenaArea)
	}
	return 0
}

func hasPart(v *mem.VMA, owner mem.Owner) bool {
	for _, part := range v.Parts {
		if part.Owner == owner {
			return true
		}
	}
	return false
}

func (m malloc) evidence(f *Facts) []string {
	lines := []string{fmt.Sprintf("%s are malloc's by its own headers or the kernel's names, %s of it in the brk heap", bytesOf(m.known), bytesOf(m.brk))}
	if m.arenas > 0 {
		lines = append(lines, fmt.Sprintf("%d areas of 64 MiB of address space, arenas that malloc made for threads, hold up to %s of it", m.arenas, bytesOf(m.inArenas)))
	}
	if alone := m.alone(); alone > 0 {
		lines = append(lines, fmt.Sprintf("%s or more are blocks that malloc mapped one by one: these go back as they are freed, so C code holds them", bytesOf(alone)))
	}
	if limit := f.Env("MALLOC_ARENA_MAX"); limit != "" {
		lines = append(lines, "it was started with MALLOC_ARENA_MAX="+limit)
	}
	return lines
}

// alone is the least that lies in blocks with a mapping of their own.
func (m malloc) alone() uint64 {
	return m.known - min(m.known, m.brk+m.inArenas)
}

// remedies: trimming helps where something may be free inside malloc, fewer
// arenas where those hold much.
func (m malloc) remedies(f *Facts) []string {
	trim := []string{
		"call malloc_trim(0), from Go by cgo, once the load is over: glibc then gives back the free pages inside malloc",
		"start it with MALLOC_MMAP_THRESHOLD_=131072: blocks from 128 KiB on go back as they are freed",
	}
	look := "look for C memory that is never freed: Go's heap profile does not show it, tools for C do (heaptrack, valgrind --tool=massif)"
	if 2*m.alone() > m.known {
		return append([]string{look}, trim[:1]...)
	}
	limit := f.Env("MALLOC_ARENA_MAX")
	if m.arenas > 2 && limit != "1" && limit != "2" && 4*min(m.inArenas, 1<<50) > uint64(f.Leaf(ledger.CgoHeap)) {
		trim = append([]string{"start it with MALLOC_ARENA_MAX=2: threads then share two arenas instead of leaving free memory in each of many"}, trim...)
	}
	return append(trim, look)
}
