package causes

import (
	"fmt"

	"whyres/collector/ledger"
)

// forcedHugePages: Go 1.21.0 to 1.21.3 ask for huge pages themselves.
func forcedHugePages() Cause {
	return Cause{
		ID: "forced-huge-pages",
		Page: Page{
			What: "this release of Go asks the kernel for huge pages itself, also where nobody has touched the memory",
			Mechanism: "Go 1.21.0 marks all new heap, and each 4 MiB chunk of it that gets dense, MADV_HUGEPAGE: where the host gives huge pages only on request, the first touch of one page now brings 2 MiB. " +
				"The heap's edge, which counts as released because it was never used, and large objects that are used in part become resident with it. " +
				"Go 1.21.1 to 1.21.3 do not mark new heap; they have the kernel make huge pages of a chunk at once (MADV_COLLAPSE) when more than 96.9 % of it are allocated, " +
				"whatever the host's setting. That adds little to RES, but it takes time in allocations, and what is released of such a chunk later leaves RES without reaching the kernel's allocator (partial-huge-page). " +
				"Go 1.21.4 does neither any more.",
			Proof: "For 1.21.0: memory that counts as released is resident in huge pages though the host gives them only on request; a trace sees the runtime request them. " +
				"What huge pages add to objects in use cannot be told from what the program touched: the bytes are a least value. " +
				"For 1.21.1 to 1.21.3 a trace sees the calls; no bytes are claimed. Where huge pages are always on, this cause is not told: the host does the same for every release of Go.",
			Remedy: []string{
				"build with Go 1.21.4 or newer",
				"prctl(PR_SET_THP_DISABLE) before the program starts (a wrapper): no huge pages at all in it; GODEBUG=disablethp=1 does not exist in these releases",
			},
			Versions: "Go 1.21.0 (MADV_HUGEPAGE), 1.21.1 to 1.21.3 (MADV_COLLAPSE, Linux 6.1 and newer).",
			Sources: []string{
				"runtime.(*pageAlloc).grow (mpagealloc.go) of Go 1.21.0", "runtime.(*scavengeIndex).alloc (mgcscavenge.go) of Go 1.21.0 and 1.21.1",
				"golang.org/issue/61718", "golang.org/issue/63334", "golang.org/cl/531816", "madvise(2), MADV_COLLAPSE",
			},
		},
		Find: findForcedHugePages,
	}
}

func findForcedHugePages(f *Facts) *Finding {
	var found *Finding
	switch {
	case f.Host.THP == "always":
	case f.builtWith(release{21, 0}, release{21, 0}):
		found = f.advisedHuge()
	case f.builtWith(release{21, 1}, release{21, 3}):
		found = f.collapsedByGo()
	}
	if found != nil {
		found.Remedy = []string{"build it with Go 1.21.4 or newer"}
	}
	return found
}

// collapsedByGo: the runtime's MADV_COLLAPSE, whose cost is time.
func (f *Facts) collapsedByGo() *Finding {
	if f.Trace == nil || f.Trace.CollapseAdvice.Calls == 0 {
		return nil
	}
	return &Finding{
		Confidence: Likely, Always: true,
		Says: "are held by it alone, as far as can be told: Go has the kernel make huge pages of its heap, which takes time, and what it releases of them later the kernel gets back only when memory is short",
		Evidence: []string{
			fmt.Sprintf("%s of madvise(MADV_COLLAPSE) by the runtime were seen, over %s", calls(f.Trace.CollapseAdvice), size(int64(min(f.Trace.CollapseAdvice.Bytes, 1<<62)))),
			fmt.Sprintf("%s of the spans in use lie in huge pages", size(int64(min(f.Pages().InUse.Huge, 1<<62)))),
		},
	}
}

// advisedHuge: memory that counts as released lies in huge pages, which only
// MADV_HUGEPAGE brings there.
func (f *Facts) advisedHuge() *Finding {
	huge := f.notCollapsed()
	if huge == 0 || f.Host.THP == "never" {
		return nil
	}
	found := &Finding{
		Confidence: Likely, Takes: []Take{{ledger.ReleasedHuge, huge}},
		Says: "count as released by Go, or were never used by it, but lie in huge pages, which Go itself asked for",
		Evidence: []string{
			fmt.Sprintf("%s that Go counts as released are resident in huge pages", size(huge)),
			"it was built with " + f.Process.GoVersion + ", which marks its heap MADV_HUGEPAGE; transparent_hugepage/enabled is " + f.Host.THP + ", so that unmarked memory gets none",
		},
	}
	if f.Trace == nil || f.Trace.HugeAdvice.Calls == 0 {
		found.Ask = []string{"whyres trace -p PID while its heap grows: it shows the runtime's own MADV_HUGEPAGE"}
		return found
	}
	if f.hugeByGo(huge) {
		found.Confidence = Proved
	}
	found.Evidence = append(found.Evidence, fmt.Sprintf("%s of madvise(MADV_HUGEPAGE) by the runtime were seen, over %s",
		calls(f.Trace.HugeAdvice), size(int64(f.Trace.HugeAdvice.Bytes))))
	return found
}

// hugeByGo: the trace saw the runtime mark as much for huge pages, and nobody else
// in the process mark any, lost nothing, and knows what khugepaged added.
func (f *Facts) hugeByGo(bytes int64) bool {
	t := f.Trace
	return bytesIn(t.HugeAdvice) >= bytes && t.HugeByOthers.Calls == 0 && t.Untold == 0 && t.Lost == 0
}
