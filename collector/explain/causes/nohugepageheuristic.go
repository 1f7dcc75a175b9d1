package causes

import (
	"fmt"

	"whyres/collector/ledger"
)

// nohugepageHeuristic: up to Go 1.20 the runtime sets huge pages on and off by
// rules of its own.
func nohugepageHeuristic() Cause {
	return Cause{
		ID: "nohugepage-heuristic",
		Page: Page{
			What: "Go up to 1.20 switches huge pages on and off by rules of its own, which leave released memory in huge pages",
			Mechanism: "When Go up to 1.20 releases a range, it marks the huge pages at the range's two ends MADV_NOHUGEPAGE, and only where an end cuts one; the inner ones keep their state. " +
				"When it takes released memory into use, or new memory, it marks the whole huge pages within MADV_HUGEPAGE again, even where the host gives none unasked. " +
				"A range that was used for a large object so keeps huge pages on; when a smaller object is put there later, its first touch brings 2 MiB, " +
				"and its neighbours, which count as released, are resident with it.",
			Proof: "Pages that the runtime counts as released are resident in huge pages of a program built with Go 1.20 or older. " +
				"It is proved where the host gives huge pages only to marked memory (madvise) and a trace saw the runtime mark as much, nobody else mark any, and knows what khugepaged added.",
			Remedy: []string{
				"build with Go 1.21.4 or newer, which leaves the choice to the system's settings",
				"prctl(PR_SET_THP_DISABLE) before the program starts (a wrapper): no huge pages at all in it; these releases do not know GODEBUG=disablethp=1",
				"echo never > /sys/kernel/mm/transparent_hugepage/enabled, for the whole host, at the price of CPU for other programs; until the next boot",
			},
			Versions: "Go 1.12 to 1.20, on Linux with transparent huge pages always or madvise.",
			Sources: []string{
				"runtime.sysUnusedOS and runtime.sysUsedOS (mem_linux.go) of Go 1.20", "golang.org/issue/55328", "golang.org/issue/59960",
			},
		},
		Find: findNohugepageHeuristic,
	}
}

func findNohugepageHeuristic(f *Facts) *Finding {
	huge := f.notCollapsed()
	if huge == 0 || f.Host.THP == "never" || !f.builtWith(release{12, 0}, release{20, anyPatch}) {
		return nil
	}
	found := &Finding{
		Confidence: Likely, Takes: []Take{{ledger.ReleasedHuge, huge}},
		Says: "count as released by Go, but lie in huge pages, which Go up to 1.20 switches on and off by rules of its own",
		Evidence: []string{
			fmt.Sprintf("%s that Go counts as released are resident in huge pages", size(huge)),
			"it was built with " + f.Process.GoVersion + "; transparent_hugepage/enabled is " + f.Host.THP,
		},
		Remedy: []string{"build it with Go 1.21.4 or newer; then, where transparent_hugepage/enabled is always, start it with GODEBUG=disablethp=1 if need be"},
	}
	t := f.Trace
	if t == nil || t.HugeAdvice.Calls == 0 {
		found.Ask = []string{"whyres trace -p PID while it allocates: it shows the runtime's own MADV_HUGEPAGE and MADV_NOHUGEPAGE"}
		return found
	}
	found.Evidence = append(found.Evidence, fmt.Sprintf("the runtime marked %s MADV_HUGEPAGE (%s), and %s MADV_NOHUGEPAGE (%s), while it was traced",
		size(int64(t.HugeAdvice.Bytes)), calls(t.HugeAdvice), size(int64(t.NoHugeAdvice.Bytes)), calls(t.NoHugeAdvice)))
	if f.Host.THP == "madvise" && f.hugeByGo(huge) {
		found.Confidence = Proved
	}
	return found
}
