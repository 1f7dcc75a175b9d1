package causes

import (
	"fmt"
	"slices"
	"strings"

	"whyres/collector/ledger"
	"whyres/collector/mem"
)

// The least stack of a goroutine (runtime.stackMin), and from which average on
// stacks count as grown.
const (
	leastStack = 2 << 10
	grownStack = 4 * leastStack
)

// grownStacks: stacks that goroutines needed once.
func grownStacks() Cause {
	return Cause{
		ID: "grown-stacks",
		Page: Page{
			What: "goroutines that are alive hold stacks far larger than those they started with",
			Mechanism: "A stack doubles when it is full, and stays that large. Each GC halves those of which less than a quarter is in use: " +
				"a stack that was 64 KiB once takes five GCs to get down to 2 KiB. GODEBUG=gcshrinkstackoff=1 turns that off. " +
				"Since Go 1.19 new goroutines start with the average size that the last GC saw in use.",
			Proof: "whyres reads the size of each stack, not how much of it is in use: deep calls may be going on in them. So it is likely at most, " +
				"where shrinking is turned off, and possible otherwise. Of a thousand goroutines or more the whole stacks count as theirs (goroutine-leak), unless shrinking is off.",
			Remedy: []string{
				"no gcshrinkstackoff=1 in GODEBUG",
				"wait for some GCs, or call runtime.GC() some times after what needed the depth",
				"do deep work (recursion, large frames) in a few goroutines of its own, which end",
			},
			Versions: "All; the start by the average since Go 1.19 (GODEBUG=adaptivestackstart).",
			Sources:  []string{"runtime/stack.go: shrinkstack, newstack, gcComputeStartingStackSize", "runtime/extern.go: GODEBUG, gcshrinkstackoff"},
		},
		Find: findGrownStacks,
	}
}

func findGrownStacks(f *Facts) *Finding {
	of := f.Pages().Goroutines
	if of == nil || of.Count == 0 {
		return nil
	}
	average := of.Live.Bytes / uint64(of.Count)
	grown := grown(f, of)
	if average < grownStack || grown <= 0 {
		return nil
	}
	found := &Finding{
		Confidence: Possible, Takes: []Take{{ledger.StacksInUse, grown}},
		Says:     fmt.Sprintf("are what the stacks of %d goroutines alive hold above the least, %s each: deep calls go on in them, or did once", of.Count, size(leastStack)),
		Evidence: []string{fmt.Sprintf("%d goroutines have stacks of %s in all, %s each on average", of.Count, size(int64(of.Live.Bytes)), size(int64(average)))},
		Remedy:   []string{"each GC halves the stacks of which less than a quarter is in use: " + f.nextGC()},
		Ask:      []string{fmt.Sprintf("whyres explain -p %d after the next GC: stacks that stay are in use", f.Process.PID)},
	}
	if f.noShrink() {
		found.Confidence = Likely
		found.Says = fmt.Sprintf("are what the stacks of %d goroutines alive hold above the least, %s each: no GC shrinks them, as gcshrinkstackoff=1 is set", of.Count, size(leastStack))
		found.Evidence = append(found.Evidence, "GODEBUG=gcshrinkstackoff=1: stacks never shrink")
		found.Remedy = []string{"start it without gcshrinkstackoff=1 in GODEBUG"}
		found.Ask = nil
	}
	return found
}

// grown is what the stacks of goroutines alive hold above the least.
func grown(f *Facts, of *mem.Goroutines) int64 {
	return min(int64(min(of.Live.Resident, 1<<62)), f.Leaf(ledger.StacksInUse)) - int64(of.Count)*leastStack
}

// noShrink: GODEBUG's last word on gcshrinkstackoff is what counts.
func (f *Facts) noShrink() bool {
	if f.Clock().NoShrinkStacks {
		return true
	}
	for _, setting := range slices.Backward(strings.Split(f.Env("GODEBUG"), ",")) {
		if value, found := strings.CutPrefix(setting, "gcshrinkstackoff="); found {
			return value != "0"
		}
	}
	return false
}
