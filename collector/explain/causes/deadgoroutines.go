package causes

import (
	"fmt"
	"slices"

	"whyres/collector/ledger"
	"whyres/collector/mem"
)

// manyGoroutines is from how many on they are worth a word: fewer hold 2 MiB of
// smallest stacks at the most.
const manyGoroutines = 1000

// deadGoroutines: stacks and records of goroutines that have ended.
func deadGoroutines() Cause {
	return Cause{
		ID: "dead-goroutines",
		Page: Page{
			What: "goroutines that have ended still hold memory: their stacks until the next GC, their records for ever",
			Mechanism: "When a goroutine ends, the runtime keeps its record (runtime.g, some 400 bytes) and, if the stack has the size that new ones start with, " +
				"its stack, for the next goroutine to use; other stacks go to a pool. A GC frees the stacks, and gives empty spans of stacks back to the heap. The records are never freed: " +
				"they stay for the most goroutines that were ever alive at a time. As they lie in the heap between other objects, they also keep spans in use.",
			Proof: "whyres reads every goroutine's record: its state and its stack. What else the spans of records hold on to is not counted.",
			Remedy: []string{
				"fewer goroutines at a time: a semaphore or a pool of workers, a limit on connections (golang.org/x/net/netutil.LimitListener)",
				"wait for the next GC, or call debug.FreeOSMemory(): it frees the stacks, not the records",
				"a restart, for the records",
			},
			Versions: "All.",
			Sources:  []string{"runtime/proc.go: gfput, gfget, allgs", "runtime/mgcmark.go: markrootFreeGStacks", "runtime/stack.go: freeStackSpans", "golang.org/issue/9869", "golang.org/issue/66564"},
		},
		Find: findDeadGoroutines,
	}
}

func findDeadGoroutines(f *Facts) *Finding {
	of := f.Pages().Goroutines
	if of == nil || of.DeadCount < manyGoroutines {
		return nil
	}
	takes := f.All(ledger.StacksDead, ledger.StacksIdle)
	records := f.ofObjects(int64(of.DeadCount) * f.recordSize())
	found := &Finding{
		Confidence: ended(f, of), Takes: slices.Concat(takes, records),
		Says: fmt.Sprintf("are left of %d goroutines that have ended: their stacks wait for a GC, their records are never freed", of.DeadCount),
		Evidence: []string{
			fmt.Sprintf("%d goroutines have ended, %d are alive; %d of the ended hold stacks of %s, and %s of stacks are free",
				of.DeadCount, of.Count, of.DeadHolding, size(f.Leaf(ledger.StacksDead)), size(f.Leaf(ledger.StacksIdle))),
		},
		Remedy: []string{"fewer goroutines at a time (a semaphore, a pool of workers, a limit on connections)"},
	}
	if len(records) > 0 {
		found.Evidence = append(found.Evidence, fmt.Sprintf("a record takes %d bytes of the heap in %s: %s in all", f.recordSize(), f.Process.GoVersion, size(Total(records))))
	}
	if len(takes) > 0 {
		found.Evidence = append(found.Evidence, f.lastGC())
		found.Remedy = append(found.Remedy, "for the stacks, wait: "+f.nextGC(), "debug.FreeOSMemory() in the program after a rush: it frees the stacks, not the records")
	}
	return found
}

// ended is how sure it is that these are left over. While as many are alive as
// have ended, the next ones may take them soon. Of free stacks it is not known that
// goroutines that ended left them: a stack that grows leaves its old one too.
func ended(f *Facts, of *mem.Goroutines) Confidence {
	switch {
	case of.DeadCount <= of.Count:
		return Possible
	case f.Leaf(ledger.StacksIdle) > f.Leaf(ledger.StacksDead)+int64(of.DeadCount)*f.recordSize():
		return Likely
	}
	return Proved
}
