package ledger

import (
	"strings"

	"whyres/collector/mem"
)

// light divides by the kernel's three counters: all that status tells.
func (b *builder) light() {
	rss := b.sample.RSS
	b.put(Anon, rss.Anon, "anonymous memory: Go's heap, stacks, C's heap and the rest, not told apart")
	b.put(File, rss.File, "pages of the program's file, libraries and mapped files; clean ones go under pressure")
	b.put(Shmem, rss.Shmem, whatShmem)
	b.warn("this look was a light one: its mappings and Go's pages were not read, so RES is divided by kind only")
	b.warnProblems()
}

// withoutPages divides by mapping: what the kernel alone tells.
func (b *builder) withoutPages() {
	h := hold(b.sample.VMAs, nil, b.process)
	what := "anonymous memory: Go's heap, stacks, C's large blocks and the rest, not told apart"
	if b.process.GoVersion == "" {
		what = "anonymous memory that is none of malloc's, as far as is known, and no stack"
	}
	b.put(Anon, h.class[classAnon]+h.class[classRuntime]+h.class[classOffHeap]+h.owner[mem.OwnerRuntime], what)
	b.put(CgoHeap, h.owner[mem.OwnerMalloc]+h.class[classCgoHeap], whatCgoHeap)
	b.put(Threads, h.owner[mem.OwnerThread]+h.class[classThread], whatThreads)
	b.putFiles(&h)
	if b.process.GoVersion == "" {
		b.warn("not a Go process, as far as whyres can see: its anonymous memory is not divided further")
	}
	b.warnProblems()
}

// putFiles puts the leaves that mappings alone tell.
func (b *builder) putFiles(h *holdings) {
	mapped := whatMapped
	if h.guessedBSS > 0 {
		mapped += "; of it " + Size(h.guessedBSS) + " of .bss are an estimate, as other memory lies right behind"
	}
	b.put(FileExe, h.class[classExe], whatExe)
	b.put(FileMapped, h.class[classFile], mapped)
	b.put(Shmem, h.class[classShmem], whatShmem)
	if b.process.Exe == "" {
		b.warn("the program's path is unknown: its pages count as file.mapped")
	}
	if b.sample.VMAsCut > 0 {
		b.warn(Size(clamp(b.sample.VMAsCutRSS)) + " lie in mappings beyond the number that is read: they count as unexplained")
	}
}

// warnProblems passes on what the sample says of its own gaps.
func (b *builder) warnProblems() {
	if b.sample.GoProblem != "" {
		b.warn("the Go runtime was not read: " + b.sample.GoProblem)
	}
	if b.sample.PagesProblem != "" {
		b.warn("Go's pages were not read: " + b.sample.PagesProblem)
	}
	if b.sample.MemStats != nil && b.sample.MemStats.Torn {
		b.warn("the Go runtime's counters changed under each reading: they come from different instants")
	}
}

// warnHugetlb tells of memory of huge pages that were set aside for it by the
// administrator: the kernel does not count it in RES. They are told by their
// paths: a memfd of huge pages (MFD_HUGETLB) is called as any other one.
func (b *builder) warnHugetlb() {
	var mapped int64
	for i := range b.sample.VMAs {
		v := &b.sample.VMAs[i]
		if v.Rss == 0 && (strings.HasPrefix(v.Path, "/anon_hugepage") || strings.HasPrefix(v.Path, "/dev/hugepages/")) {
			mapped += clamp(v.Len())
		}
	}
	if mapped > 0 {
		b.warn("mappings of hugetlb pages have a length of " + Size(mapped) + ": what of it was touched is memory too, but no part of RES")
	}
}

// clamp takes a size of a sample into the signed numbers of the ledger. No
// process has 32 TiB resident, and so many mappings as are read do not add up
// beyond the numbers.
func clamp(size uint64) int64 { return int64(min(size, 1<<45)) }

// resident is an amount's resident part.
func resident(a mem.Amount) int64 { return clamp(min(a.Resident, a.Bytes)) }
