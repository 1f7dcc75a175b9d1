package causes

import (
	"fmt"

	"whyres/collector/mem"
)

// containerMetric: what a container's metric counts is not RES.
func containerMetric() Cause {
	return Cause{
		ID: "container-metric",
		Page: Page{
			What: "the container's memory metric and RES differ: they count different things",
			Mechanism: "A control group is charged for each page that one of its processes touched first: anonymous memory, but also the page cache of files that were read or written, " +
				"shared memory, sockets' buffers, and the kernel's own memory (page tables, slab). RES counts what one process has mapped. So the charge can be far above RES: page cache grows until memory gets short, " +
				"which harms nobody. It can be far below, too: library and file pages are charged to the group that read them first, and a process that was moved leaves its old pages behind. " +
				"Orchestrators (kubectl top, docker stats) show the working set: the charge less the page cache that was not used lately (inactive_file). " +
				"Memory that was released with MADV_FREE lies on that list as well: it is in RES, and not in the working set.",
			Proof: "The charge (memory.current; v1: memory.usage_in_bytes) and its parts (memory.stat) are the kernel's: the difference is exact. " +
				"Whose it is they do not tell: page cache that a process left that has ended stays charged to the group. And it is harmless, mostly: hence possible, never more. " +
				"Where most of the group is not this process's, or in the root group, whyres compares nothing: the metric is not this process's. " +
				"Version 1 tells neither slab nor sockets apart.",
			Remedy: []string{
				"for what the process holds, watch RES, or anon of memory.stat (container_memory_rss), rather than the charge (container_memory_usage_bytes)",
				"for how close the limit is, watch the working set (container_memory_working_set_bytes): the kernel takes inactive page cache back before it ends a process",
				"posix_fadvise(POSIX_FADV_DONTNEED) for files that the program is done with: their page cache goes at once",
				"echo 64M > memory.reclaim in the group (cgroup v2, Linux 5.19 and newer) takes page cache back at once; the price is that it is read again",
			},
			Versions: "cgroup v1 and v2. Kernel memory counts since Linux 4.5 in v2.",
			Sources: []string{
				"Documentation/admin-guide/cgroup-v2.rst, memory.stat", "Documentation/admin-guide/cgroup-v1/memory.rst", "mm/swap.c (lru_lazyfree)",
				"github.com/google/cadvisor container/libcontainer/handler.go (setMemoryStats)", "github.com/kubernetes/kubernetes/issues/43916",
			},
		},
		Find: findContainerMetric,
	}
}

// mainOf reports whether most of the group's anonymous memory is this process's:
// what a group of several holds beside is else another's to explain.
func (f *Facts) mainOf(g *mem.Cgroup) bool {
	return g.Processes == 1 || g.Processes > 1 && 2*f.Sample.RSS.Anon >= signedSize(g.Anon)
}

func findContainerMetric(f *Facts) *Finding {
	g := f.group()
	if g == nil || !f.mainOf(g) {
		return nil
	}
	found := &Finding{Confidence: Possible, Remedy: metricRemedies(g), Evidence: metricEvidence(f, g)}
	if g.Processes > 1 {
		found.Ask = []string{fmt.Sprintf("the group has %d processes: whyres explain on the others tells which of them holds the rest", g.Processes)}
	}
	usage, set := signedSize(g.Usage), signedSize(g.WorkingSet)
	far := max(f.RES()/4, 16<<20)
	switch {
	case usage-f.RES() >= far:
		found.Beside = usage - f.RES()
		found.Says = "are charged to the control group beside RES, mostly for " + mostly(f, g)
	case f.RES()-set >= far:
		found.Beside = f.RES() - set
		found.Says = "are in RES, and not in the working set that orchestrators show: file pages that another group is charged for, or that are inactive, or lazily freed memory"
	default:
		return nil
	}
	return found
}

// share is a part of what a group is charged for and RES does not count.
type share struct {
	words string
	bytes int64
}

// shares divides it, as far as memory.stat tells.
func shares(f *Facts, g *mem.Cgroup) []share {
	shmem := signedSize(g.Shmem)
	kernel := max(signedSize(g.Kernel), signedSize(g.Slab)+signedSize(g.PageTables))
	return []share{
		{"page cache of files", max(signedSize(g.File)-shmem-max(f.Sample.RSS.File, 0), 0)},
		{"shared memory and tmpfs files", max(shmem-max(f.Sample.RSS.Shmem, 0), 0)},
		{"sockets' buffers", signedSize(g.Sock)},
		{"the kernel's own (page tables, slab, stacks)", kernel},
		{"anonymous memory of other processes", max(signedSize(g.Anon)-max(f.Sample.RSS.Anon, 0), 0)},
	}
}

// mostly is the largest of them.
func mostly(f *Facts, g *mem.Cgroup) string {
	most := share{words: "what memory.stat does not name"}
	for _, s := range shares(f, g) {
		if s.bytes > most.bytes {
			most = s
		}
	}
	return most.words
}

func metricEvidence(f *Facts, g *mem.Cgroup) []string {
	out := []string{fmt.Sprintf("the control group %s is charged %s for %s; its working set, which kubectl top and docker stats show, is %s; RES is %s",
		g.Path, size(signedSize(g.Usage)), processes(g.Processes), size(signedSize(g.WorkingSet)), size(f.RES()))}
	text := ""
	for _, s := range shares(f, g) {
		if s.bytes >= 1<<20 {
			if text != "" {
				text += ", "
			}
			text += size(s.bytes) + " " + s.words
		}
	}
	if text != "" {
		out = append(out, "not in RES, by its memory.stat: "+text)
	}
	if inactive := signedSize(g.InactiveFile); inactive >= 1<<20 {
		out = append(out, size(inactive)+" are on the inactive file list: the kernel takes these first, and the working set leaves them out")
	}
	if s := f.Sample.Smaps; s != nil && s.LazyFree >= 1<<20 {
		out = append(out, size(signedSize(s.LazyFree))+" of RES were released with MADV_FREE: they lie on that list, too, once the kernel has got to them")
	}
	return out
}

func metricRemedies(g *mem.Cgroup) []string {
	out := []string{
		"watch RES, or anon of " + g.Path + "'s memory.stat, for what the process holds",
		"watch the working set for how close the limit is: inactive page cache goes before a process is ended",
	}
	if g.Limit == 0 {
		return out
	}
	usage, whose := g.Usage, "limit"
	if g.LimitAt != "" && g.LimitAt != g.Path {
		usage, whose = g.LimitUsage, "limit of "+g.LimitAt+", the group above,"
	}
	return append(out, fmt.Sprintf("the %s is %s: %s of it are free, and the %s of inactive page cache go first",
		whose, size(signedSize(g.Limit)), size(max(signedSize(g.Limit)-signedSize(usage), 0)), size(signedSize(g.InactiveFile))))
}
