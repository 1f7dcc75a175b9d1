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
			Proof: "whyres reads every goroutine's record: its state and its stack. One look does not tell whether the next goroutines will take them again, as they do in a program that starts many at a time: " +
				"so it is proved only where the heap had no GC by growth for two minutes, likely where nothing of the program has run for ten seconds, and possible otherwise. What else the spans of records hold on to is not counted.",
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
		Says:     fmt.Sprintf("are left of %d goroutines that have ended: ", of.DeadCount) + splitOfDead(Total(takes), Total(records)),
		Evidence: []string{fmt.Sprintf("%d goroutines have ended, %d are alive; %s", of.DeadCount, of.Count, stacksOfDead(f, of))},
		Remedy:   []string{"fewer goroutines at a time (a semaphore, a pool of workers, a limit on connections)"},
	}
	if len(records) > 0 {
		found.Evidence = append(found.Evidence, fmt.Sprintf("a record takes %d bytes of the heap in %s: %s in all", f.recordSize(), f.Process.GoVersion, size(Total(records))))
	}
	if len(takes) > 0 {
		found.Evidence = append(found.Evidence, f.lastGC())
		found.Remedy = firstLarger(f.freesStacks(), found.Remedy, Total(takes) > Total(records))
	}
	if found.Confidence == Possible {
		found.Ask = []string{"look again some times: a program that starts many goroutines at a time uses these again, and their number rises and falls"}
	}
	return found
}

// splitOfDead says what of it are stacks, and what records.
func splitOfDead(stacks, records int64) string {
	switch {
	case records == 0:
		return "stacks, which wait for a GC"
	case stacks == 0:
		return "their records are never freed"
	}
	return fmt.Sprintf("%s are stacks, which wait for a GC, and %s records, which are never freed", size(stacks), size(records))
}

func stacksOfDead(f *Facts, of *mem.Goroutines) string {
	text := "none of the ended holds a stack any more"
	if of.DeadHolding > 0 {
		text = fmt.Sprintf("%d of the ended still hold a stack, %s in all", of.DeadHolding, size(f.Leaf(ledger.StacksDead)))
	}
	if free := f.Leaf(ledger.StacksIdle); free > 0 {
		text += fmt.Sprintf("; %s of stacks are free", size(free))
	}
	return text
}

// freesStacks is what frees the stacks, which a GC does.
func (f *Facts) freesStacks() []string {
	const free = "debug.FreeOSMemory() in the program after a rush: it frees the stacks, not the records"
	if m := f.Stats(); m.NumGC == 0 || m.GCPercent < 0 {
		return []string{free, "for the stacks: " + f.nextGC()}
	}
	return []string{"for the stacks, wait: " + f.nextGC(), free}
}

// firstLarger puts what helps the larger half first.
func firstLarger(a, b []string, larger bool) []string {
	if larger {
		return slices.Concat(a, b)
	}
	return slices.Concat(b, a)
}

// ended is how sure it is that these are left over. While as many are alive as
// have ended, or the program is at work, the next ones may take them soon. Of free
// stacks it is not known that goroutines that ended left them: a stack that grows
// leaves its old one too.
func ended(f *Facts, of *mem.Goroutines) Confidence {
	switch quiet := f.sure(false) == Proved; {
	case of.DeadCount <= of.Count || !quiet && f.asleep() < pause:
		return Possible
	case !quiet || f.Leaf(ledger.StacksIdle) > f.Leaf(ledger.StacksDead)+int64(of.DeadCount)*f.recordSize():
		return Likely
	}
	return Proved
}
