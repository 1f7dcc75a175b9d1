package causes

import (
	"fmt"

	"whyres/collector/ledger"
)

// thpRounding: a touch of one page brings a huge page.
func thpRounding() Cause {
	return Cause{
		ID: "thp-rounding",
		Page: Page{
			What: "huge pages hold memory that Go does not use: touching one page brought 2 MiB",
			Mechanism: "Where memory may have huge pages, the first touch in a range of 2 MiB of which nothing is resident brings the whole 2 MiB. " +
				"The heap's neighbours in it, released or never used, count in RES from then on, though nobody touched them. " +
				"A heap that is spread thinly (few objects in each 2 MiB) so takes many times what it uses.",
			Proof: "The page join shows memory that Go counts as released, or never used, resident in huge pages. " +
				"How it came there, by a touch or by khugepaged (khugepaged-refill), a trace can tell: it sees khugepaged. The touch itself it does not see, so this cause is never more than likely. " +
				"Of objects in use whyres cannot see which pages the program has touched: what huge pages add there shows as live heap.",
			Remedy: []string{
				"GODEBUG=disablethp=1 (Go 1.21.6 and newer), at the next start: no huge pages in Go's heap, at the price of some CPU for large heaps",
				"echo madvise > /sys/kernel/mm/transparent_hugepage/enabled, for the whole host, where it is always; until the next boot",
				"GOGC lower or GOMEMLIMIT, so that the heap stays denser, at the price of more GC",
			},
			Versions: "Linux with transparent huge pages always, or madvise and memory that was marked MADV_HUGEPAGE. All releases of Go.",
			Sources: []string{
				"Documentation/admin-guide/mm/transhuge.rst", "mm/huge_memory.c, do_huge_pmd_anonymous_page",
				"go.dev/doc/gc-guide#Linux_transparent_huge_pages", "golang.org/issue/55328",
			},
		},
		Find: findThpRounding,
	}
}

func findThpRounding(f *Facts) *Finding {
	takes := f.All(ledger.ReleasedHuge)
	if reserved := min(int64(min(f.Pages().Reserved.Huge, 1<<62)), f.Leaf(ledger.HeapReserved)); reserved > 0 {
		takes = append(takes, Take{ledger.HeapReserved, reserved})
	}
	if len(takes) == 0 {
		return nil
	}
	found := &Finding{
		Confidence: Likely, Takes: takes,
		Says: "lie in huge pages together with memory in use: touching that brought these too, though Go released them or never used them",
		Evidence: []string{
			fmt.Sprintf("%s that Go counts as released, or never used, are resident in huge pages", size(Total(takes))),
			f.thpSettings(),
		},
		Remedy: f.noHugePages(),
	}
	switch {
	case f.Host.THP == "never":
		found.Says = "lie in huge pages that are older than the host's setting, which allows none now, or that somebody asked for by madvise(MADV_COLLAPSE)"
	case f.thpDisabled():
		found.Says = "lie in huge pages, though it was started with GODEBUG=disablethp=1: somebody else in the process marked this memory for them"
	}
	switch t := f.Trace; {
	case t == nil && f.Host.THP == "never":
		found.Ask = []string{"whyres trace -p PID shows calls of madvise(MADV_COLLAPSE), if there are any"}
	case t == nil:
		found.Ask = []string{"whyres trace -p PID for some minutes: it shows whether khugepaged makes the huge pages instead"}
	case t.Collapses.Calls == 0 && t.Lost == 0:
		found.Evidence = append(found.Evidence, fmt.Sprintf("khugepaged made no huge page in it while it was traced (%s)", seconds(t.Duration)))
	}
	return found
}
