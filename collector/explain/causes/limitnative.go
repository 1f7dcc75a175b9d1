package causes

import (
	"cmp"
	"fmt"
)

// limitExcludesNative: GOMEMLIMIT does not count what is not Go's.
func limitExcludesNative() Cause {
	return Cause{
		ID: "limit-excludes-native",
		Page: Page{
			What: "GOMEMLIMIT counts Go's own memory only: with what is not Go's, the process goes above it, or above its control group's limit",
			Mechanism: "The memory limit (GOMEMLIMIT, debug.SetMemoryLimit) is held against what the Go runtime mapped and did not release: heap, stacks, its own records " +
				"(runtime.MemStats: Sys less HeapReleased). C's malloc, memory that the program mapped by itself, stacks of C threads, files and shared memory are not in it. " +
				"A control group counts all of these. Where the limit for Go and the rest together are more than the group's limit, the kernel ends the process " +
				"before the GC sees a reason to work harder.",
			Proof: "whyres measures what of RES is not Go's part by part, and adds it to the limit that the runtime holds. Pages that files back are not added: the kernel takes them back by itself. " +
				"Whether the program ever uses its whole limit only time tells: hence likely, not proved. Where no limit of a group is known and RES is above GOMEMLIMIT, though Go's own part is not, that is told as possible: it may be meant so.",
			Remedy: []string{
				"GOMEMLIMIT at the group's limit, less what is not Go's, less a tenth as a margin: explain tells the number; the price is more GC work near it",
				"a higher limit of the control group",
				"less memory outside Go: see the causes for C's malloc, thread stacks and mappings",
			},
			Versions: "Go 1.19 and newer: older ones have no memory limit.",
			Sources: []string{
				"runtime/debug.SetMemoryLimit", "go.dev/doc/gc-guide, Memory limit", "runtime.gcControllerState.memoryLimitHeapGoal (mgcpacer.go): mappedReady",
				"golang.org/issue/48409", "golang.org/issue/75164",
			},
		},
		Find: findLimitExcludesNative,
	}
}

func findLimitExcludesNative(f *Facts) *Finding {
	nonGo, known := f.NonGo()
	if !known || !f.Limited() {
		return nil
	}
	if found := f.aboveGroup(nonGo); found != nil {
		return found
	}
	return f.aboveLimit(nonGo)
}

// aboveGroup: what Go may use, and what is not Go's, are more than the group may
// have. Beside RES is what is missing: RES is within the group's limit still.
func (f *Facts) aboveGroup(nonGo []Take) *Finding {
	g, stuck, limit := f.group(), f.Stuck(nonGo), f.Stats().MemoryLimit
	if g == nil || g.Limit == 0 || stuck < f.Worth() {
		return nil
	}
	missing := limit - signedSize(g.Limit) + stuck
	if missing <= 0 {
		return nil
	}
	return &Finding{
		Confidence: Likely, Beside: missing,
		Says: "would be missing in the control group if Go used all that GOMEMLIMIT allows: the limit does not count memory that is not Go's",
		Evidence: []string{
			fmt.Sprintf("the Go runtime holds a memory limit of %s (GOMEMLIMIT, or debug.SetMemoryLimit)", size(limit)),
			f.limitWords(),
			fmt.Sprintf("%s of RES are not Go's, and go neither by a GC nor under pressure: of %s", size(stuck), InWords(nonGo, f.Worth())),
			f.goCounts(),
		},
		Remedy: f.limitRemedies(stuck),
	}
}

// limitRemedies: a limit that fits, if there is one.
func (f *Facts) limitRemedies(stuck int64) []string {
	whose := cmp.Or(f.LimitAbove(), f.group().Path)
	raise := fmt.Sprintf("raise the limit of the control group %s to %s or more: what GOMEMLIMIT allows, all that is not Go's there, and a tenth",
		whose, size((f.Stats().MemoryLimit+stuck+f.Fellows())/9*10))
	fit := f.RoomForGo(stuck)
	if fit == 0 {
		return []string{raise, "lower what is not Go's: there is no room for Go beside it"}
	}
	return []string{
		fmt.Sprintf("start it with GOMEMLIMIT=%dMiB: the group's limit less all that is not Go's there, less a tenth", fit>>20),
		raise,
	}
}

// goCounts says what the limit is held against.
func (f *Facts) goCounts() string {
	return "of Go's own the limit counts " + size(f.Counted()) + " now (Sys less HeapReleased)"
}

// Counted is what the runtime holds against its memory limit.
func (f *Facts) Counted() int64 {
	m := f.Stats()
	return signedSize(m.Sys - min(m.HeapReleased, m.Sys))
}

// aboveLimit: RES is above GOMEMLIMIT, though Go keeps to it. Where a group's
// limit has room for both it is meant to be so.
func (f *Facts) aboveLimit(nonGo []Take) *Finding {
	limit := f.Stats().MemoryLimit
	above := f.RES() - limit
	if g := f.group(); above <= 0 || f.Counted() > limit || g != nil && g.Limit > 0 {
		return nil
	}
	return &Finding{
		Confidence: Possible, Takes: upTo(nonGo, above),
		Says: "are why RES is above GOMEMLIMIT: they are not Go's, and the limit does not count them",
		Evidence: []string{
			fmt.Sprintf("the Go runtime holds a memory limit of %s (GOMEMLIMIT, or debug.SetMemoryLimit)", size(limit)),
			f.goCounts(),
			fmt.Sprintf("%s of RES are not Go's: %s", size(Total(nonGo)), InWords(nonGo, f.Worth())),
		},
		Remedy: []string{
			"nothing, if this much is meant to be there: the limit works as documented",
			"a lower GOMEMLIMIT, by what is not Go's, if RES as a whole shall keep to it",
		},
	}
}

// upTo is the takes from the first on, up to so many bytes.
func upTo(takes []Take, bytes int64) (out []Take) {
	for _, t := range takes {
		if t.Bytes = min(t.Bytes, bytes); t.Bytes > 0 {
			out, bytes = append(out, t), bytes-t.Bytes
		}
	}
	return out
}
