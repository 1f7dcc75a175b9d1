package causes

import (
	"fmt"
	"strings"

	"whyres/collector/ledger"
)

// madvFree: what was released by MADV_FREE counts in RES until memory gets short.
func madvFree() Cause {
	return Cause{
		ID: "madv-free",
		Page: Page{
			What: "memory that Go released by MADV_FREE counts in RES until the kernel needs it",
			Mechanism: "madvise(MADV_FREE) tells the kernel that it may take the pages, and it does so only when memory gets short: " +
				"until then they stay resident and count in RES, though HeapReleased already counts them as released. " +
				"A page that is written to again is no longer free.",
			Proof: "smaps counts them exactly (LazyFree), and the page join shows that they are pages which the runtime counts as released. " +
				"Linux counts freshly freed small pages with some delay.",
			Remedy: []string{
				"Go 1.16 or newer without GODEBUG=madvdontneed=0: it releases by MADV_DONTNEED, at the price of faults when the memory is used again",
				"GODEBUG=madvdontneed=1 for Go 1.12 to 1.15, at the next start of the process",
				"nothing at all: the memory is there for whoever needs it; watch what the kernel can give (MemAvailable), not RES",
			},
			Versions: "Go 1.12 to 1.15 by default; later with GODEBUG=madvdontneed=0. Linux 4.5 and newer.",
			Sources: []string{
				"madvise(2), MADV_FREE", "proc_pid_smaps(5), LazyFree", "runtime.sysUnused (mem_linux.go)",
				"golang.org/issue/23687", "golang.org/issue/42330",
			},
		},
		Find: findMadvFree,
	}
}

func findMadvFree(f *Facts) *Finding {
	takes := f.All(ledger.ReleasedLazy)
	if len(takes) == 0 {
		return nil
	}
	found := &Finding{
		Confidence: Proved, Takes: takes,
		Says: "were released by MADV_FREE: the kernel takes them when memory gets short, and counts them until then",
	}
	if s := f.Sample.Smaps; s != nil {
		found.Evidence = append(found.Evidence, fmt.Sprintf("smaps counts %s as LazyFree; the runtime counts these pages as released (HeapReleased %s)",
			size(int64(s.LazyFree)), size(int64(f.Stats().HeapReleased))))
	}
	if t := f.Trace; t != nil && t.Lazy.Calls > 0 {
		found.Evidence = append(found.Evidence, fmt.Sprintf("%d calls of madvise(MADV_FREE) were seen, over %s", t.Lazy.Calls, size(int64(t.Lazy.Bytes))))
	}
	why, remedy := f.whyLazy()
	found.Evidence = append(found.Evidence, why...)
	found.Remedy = []string{remedy}
	return found
}

// whyLazy is what makes it release by MADV_FREE, as far as that shows, and what
// would stop it.
func (f *Facts) whyLazy() (evidence []string, remedy string) {
	if minor := f.GoMinor(); minor >= 12 && minor <= 15 {
		return []string{f.Process.GoVersion + " releases by MADV_FREE unless it is told otherwise"},
			"start it with GODEBUG=madvdontneed=1, or build it with Go 1.16 or newer"
	}
	if debug := f.Env("GODEBUG"); debug != "" {
		evidence = append(evidence, "it was started with GODEBUG="+debug)
	}
	if f.Clock().Advice == "MADV_FREE" {
		evidence = append(evidence, "the runtime's own setting, read from its memory, is MADV_FREE")
	}
	if !strings.Contains(f.Env("GODEBUG"), "madvdontneed=0") && f.Clock().Advice != "MADV_FREE" {
		return evidence, "find out who calls madvise(MADV_FREE) on Go's heap: whyres trace shows each call with its stack. Go itself does so only with GODEBUG=madvdontneed=0"
	}
	return evidence, "start it without madvdontneed=0 in GODEBUG"
}
