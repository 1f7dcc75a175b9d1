package causes

import (
	"fmt"

	"whyres/collector/ledger"
)

// smallestGoal is the heap at which the first GC comes with GOGC=100
// (runtime.heapMinimum): no program is asked about less.
const smallestGoal = 4 << 20

// uncollectedObjects: objects that no GC has looked at yet.
func uncollectedObjects() Cause {
	return Cause{
		ID: "uncollected-objects",
		Page: Page{
			What: "objects allocated since the last GC: whether they are still used, only the next GC tells",
			Mechanism: "An object that is no longer used stays until a GC finds that. GCs come as the heap grows: with GOGC=100 when it has doubled. " +
				"In a program that has gone quiet one is forced two minutes after the last, up to a minute later while the process is idle; the first GC of a process is never forced.",
			Proof: "whyres knows what the last GC found live and how much has been allocated since, not whether that is used. So it never calls it more than possible: " +
				"a cache that was filled after the last GC looks the same.",
			Remedy: []string{
				"wait for the next GC, and look again: before the first GC none is forced, and in an idle process none comes",
				"debug.FreeOSMemory() in the program after a big job: a full GC, and faults when the memory is used again",
				"a lower GOGC, or GOMEMLIMIT, for GCs to come earlier",
			},
			Versions: "All.",
			Sources:  []string{"runtime/mgc.go: gcTrigger.test", "runtime/mgcpacer.go: heapMinimum", "runtime/proc.go: forcegcperiod"},
		},
		Find: findUncollectedObjects,
	}
}

func findUncollectedObjects(f *Facts) *Finding {
	m := f.Stats()
	if m.Source != "memory" || m.HeapAlloc <= smallestGoal {
		return nil
	}
	takes := f.All(ledger.HeapGarbage)
	if len(takes) == 0 {
		return nil
	}
	return &Finding{
		Confidence: Possible, Takes: takes,
		Says:     "are objects allocated since the last GC: whether they are still used, only the next GC tells",
		Evidence: []string{f.lastGC(), fmt.Sprintf("%s of objects are in the heap, of which the last GC marked %s", size(int64(m.HeapAlloc)), size(int64(f.marked())))},
		Remedy:   f.getsCollected(),
		Ask:      []string{fmt.Sprintf("whyres explain -p %d after the next GC tells what of it was still used", f.Process.PID)},
	}
}

// getsCollected: waiting helps where a GC comes by itself.
func (f *Facts) getsCollected() []string {
	const free = "debug.FreeOSMemory() in the program after a big job, at the price of a full GC"
	if m := f.Stats(); m.NumGC == 0 || m.GCPercent < 0 {
		return []string{free, f.nextGC()}
	}
	return []string{"wait: " + f.nextGC(), free}
}

// marked is what the last GC found live, 0 before the first: until then the
// runtime keeps a made-up value there.
func (f *Facts) marked() uint64 {
	if f.Stats().NumGC == 0 {
		return 0
	}
	return f.Stats().HeapMarked
}
