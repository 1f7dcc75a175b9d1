package causes

import (
	"fmt"
	"math"
)

// partialHugePage: RES fell, and the kernel's allocator got nothing.
func partialHugePage() Cause {
	return Cause{
		ID: "partial-huge-page",
		Page: Page{
			What: "memory left RES, but the kernel has not got it back: it belongs to huge pages of which other parts are in use",
			Mechanism: "A huge page is one piece of memory to the kernel. When a part of it is released, the mapping is split and RES falls by that part, " +
				"but the piece stays whole, on a list of pages to be split later. Until memory gets short all 2 MiB stay charged to the control group (memory.current), " +
				"though RES and the group's anon do not count the released part any more.",
			Proof: "A trace with --allocator measures for each call what left RES and what the kernel's allocator got back; the difference is this, or memory that a forked child still has. " +
				"From outside: a control group that holds this process alone is charged for more than all that its memory.stat accounts for. " +
				"It is proved where both show it, and likely where one does and huge pages were seen in the process, or asked for. " +
				"Without huge pages what a trace measures is possible (others may hold these pages), and a charge alone is possible where the host gives huge pages unasked, else not told.",
			Remedy: []string{
				"nothing, where the host has memory: shortage, the control group's limit included, splits such pages first (tried on Linux 6.18: at the limit the charge fell from 65 to 3 MiB)",
				"echo 1G > memory.reclaim in its control group (cgroup v2, Linux 5.19 and newer; not tried), echo 1 > memory.force_empty in cgroup v1: that is reclaim, so it takes clean file pages too. " +
					"force_empty was tried on Linux 6.18, and split them all",
				"the program itself: madvise(MADV_COLD) or MADV_PAGEOUT over what is left in use splits them too, with and without swap (tried on Linux 6.18)",
				"no huge pages for the heap: GODEBUG=disablethp=1 (Go 1.21.6 and newer)",
			},
			Versions: "All releases of Go, on Linux 4.5 and newer with transparent huge pages. Waiting does not help: after 30 s without shortage nothing had changed.",
			Sources: []string{
				"mm/huge_memory.c, deferred_split_folio", "Linux commit 9a982250f773", "counter thp_deferred_split_page in /proc/vmstat", "Documentation/admin-guide/cgroup-v2.rst, memory.reclaim",
			},
		},
		Find: findPartialHugePage,
	}
}

func findPartialHugePage(f *Facts) *Finding {
	if f.Host.THP == "never" {
		return nil
	}
	traced, charged := f.notReturned(), f.chargedOnly()
	found := &Finding{
		Says: "beside RES were released, but belong to huge pages of which other parts are in use: the kernel has not got them back, and the control group is charged for them",
	}
	switch {
	case traced > 0 && charged > 0:
		found.Confidence, found.Beside = Proved, min(traced, charged)
	case traced > 0:
		found.Confidence, found.Beside = f.sureOfHuge(), traced
	case charged > 0 && (f.hugeSeen() || f.Host.THP == "always"):
		found.Confidence, found.Beside = f.sureOfHuge(), charged
		found.Ask = []string{"whyres trace --allocator -p PID, until it gives memory back again: it measures what the kernel gets back from each call"}
	default:
		return nil
	}
	if t := f.Trace; traced > 0 {
		found.Evidence = append(found.Evidence, fmt.Sprintf("releases took %s out of RES while it was traced, and the kernel's allocator got %s of that", size(t.Measured), size(t.ToAllocator)))
	}
	if c := f.Sample.Cgroup; charged > 0 {
		found.Evidence = append(found.Evidence, fmt.Sprintf("its control group %s, which holds no other process, is charged for %s; anonymous, file and kernel memory in it account for %s less",
			c.Path, size(int64(c.Usage)), size(charged)))
	}
	found.Remedy = []string{"nothing, where memory is not short: the kernel takes them when it is"}
	if c := f.Sample.Cgroup; c != nil && c.Path != "" && c.Path != "/" {
		found.Remedy = append(found.Remedy, "echo 1G > memory.reclaim in its control group "+c.Path+" (cgroup v2), or echo 1 > memory.force_empty (cgroup v1): takes clean file pages too")
	}
	return found
}

func (f *Facts) sureOfHuge() Confidence {
	if f.hugeSeen() {
		return Likely
	}
	return Possible
}

// hugeSeen: the process has huge pages, or had some in the trace, or asked for
// some. The mapping of one that was released in part shows none any more.
func (f *Facts) hugeSeen() bool {
	if s := f.Sample.Smaps; s != nil && s.AnonHugePages > 0 {
		return true
	}
	t := f.Trace
	return t != nil && t.HugePages+t.Collapses.Calls+t.HugeAdvice.Calls+t.CollapseAdvice.Calls+t.HugeByOthers.Calls > 0
}

// notReturned is what left RES by traced calls and did not reach the allocator,
// less what a forked child may have.
func (f *Facts) notReturned() int64 {
	t := f.Trace
	if t == nil || t.Measured <= 0 {
		return 0
	}
	return max(0, t.Measured-t.ToAllocator-int64(min(t.Shared.Bytes, math.MaxInt64)))
}

// stock is what the kernel charges a control group in advance for each CPU
// (MEMCG_CHARGE_BATCH, 64 pages).
const stock = 64

// chargedOnly is what the process's own control group is charged for and none of
// its counters explains; 0 where that is not known, or no more than the kernel's
// slack.
func (f *Facts) chargedOnly() int64 {
	c := f.Sample.Cgroup
	if c == nil || c.Processes != 1 || c.Kernel == 0 {
		return 0
	}
	known := c.Anon + c.File + c.Kernel + c.Sock
	slack := uint64(max(1, f.Host.CPUs)) * stock * uint64(max(4096, f.Host.PageSize))
	if c.Usage <= known+2*slack || c.Usage > math.MaxInt64 {
		return 0
	}
	return int64(c.Usage - known)
}
