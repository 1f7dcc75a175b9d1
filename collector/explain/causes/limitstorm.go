package causes

import "fmt"

// A storm is at least stormRate releases a second by allocations. The background
// scavenger's are not among them, so that a healthy program makes none.
const stormRate = 10

// limitStorm: allocations have to release memory first.
func limitStorm() Cause {
	return Cause{
		ID: "limit-storm",
		Page: Page{
			What: "the program is at its memory limit, and its allocations release memory elsewhere before they get any",
			Mechanism: "With GOMEMLIMIT set, an allocation that would go beyond the limit first releases as much free memory (mheap.allocSpan calls the scavenger), in many small calls, " +
				"while the goroutine waits. Near the limit the GC runs more and more often too. RES stays below the limit, and CPU time and latency rise.",
			Proof: "A trace sees releases with an allocation at the memory limit on their stacks: ten a second and more are proof. " +
				"It holds no bytes of RES: the memory is in use. Without a trace: what the runtime has mapped and not released is within 5 % of its limit, and a GC ran within the last ten seconds; " +
				"a healthy program may stand there too, so that is possible at most.",
			Remedy: []string{
				"raise GOMEMLIMIT, to what is in use at the peak and 10 to 20 % more, if the host (or the container's limit) has it",
				"hold less: a heap profile shows what is live",
				"spread the load over more instances",
			},
			Versions: "Go 1.19 and newer, with GOMEMLIMIT or debug.SetMemoryLimit.",
			Sources: []string{
				"runtime.(*mheap).allocSpan (mheap.go), memory limit", "golang.org/issue/73835", "golang.org/issue/57069", "go.dev/doc/gc-guide#Memory_limit",
			},
		},
		Find: findLimitStorm,
	}
}

func findLimitStorm(f *Facts) *Finding {
	m := f.Stats()
	if !f.Limited() {
		return nil
	}
	used := int64(m.Sys - min(m.HeapReleased, m.Sys))
	at := fmt.Sprintf("the runtime has mapped and not released %s, its memory limit is %s; the heap in use is %s", size(used), size(m.MemoryLimit), size(int64(m.HeapInuse)))
	found := &Finding{
		Always:   true,
		Says:     "are held by it: the program is at its memory limit, and allocations release memory before they get any, which costs time",
		Evidence: []string{at},
		Remedy:   []string{fmt.Sprintf("raise GOMEMLIMIT from %s to %dMiB (a quarter more), if the host and its container have it", size(m.MemoryLimit), quarterMore(m.MemoryLimit))},
	}
	if t := f.Trace; t != nil {
		rate := perSecond(t.AtLimit.Calls, t.Duration)
		if rate < stormRate {
			return nil
		}
		found.Confidence = Proved
		found.Evidence = append(found.Evidence, fmt.Sprintf("allocations at the limit made %s that release memory, over %s, in %s: %d a second",
			calls(t.AtLimit), size(int64(min(t.AtLimit.Bytes, 1<<62))), seconds(t.Duration), rate))
		return found
	}
	if used < m.MemoryLimit-m.MemoryLimit/20 || !f.allocates() {
		return nil
	}
	found.Confidence = Possible
	found.Says = "are held by it: the program stands at its memory limit, where allocations may have to release memory first, which costs time"
	found.Ask = []string{"whyres trace -p PID under load: it counts the releases that allocations make at the limit"}
	return found
}

// allocates: there was a GC just now. A program that stands at its limit and does
// nothing costs no time.
func (f *Facts) allocates() bool {
	since, known := f.SinceGC()
	return known && since <= pause
}

// quarterMore is a quarter more than a limit, in whole MiB.
func quarterMore(limit int64) int64 {
	return (limit + limit/4 + 1<<20 - 1) >> 20
}
