package causes

import (
	"fmt"

	"whyres/collector/ledger"
)

// leastGrowth is by how many percent the heap grows at the least until a GC, as
// Go 1.14.0 and 1.14.1 have it whatever GOGC says (runtime.gcSetTriggerRatio,
// minTriggerRatio).
const leastGrowth = 60

// knownRegression: faults of single releases of Go.
func knownRegression() Cause {
	return Cause{
		ID: "known-regression",
		Page: Page{
			What: "this release of Go has a known fault that makes heaps larger than GOGC says",
			Mechanism: "After every other GC Go 1.14.0 and 1.14.1 put the next one off until the heap has grown by 60 %, also where GOGC is lower: with GOGC=25 the heap grows to 160 % of what is live, not to 125 %. " +
				"All of Go 1.14 moreover has a race by which the scavenger may pass over free memory for a whole GC cycle; that cannot be seen from outside.",
			Proof: "The release, GOGC, and a goal of the GC (NextGC) at 160 % of what the last one found live, beyond what GOGC allows; the bytes are garbage beyond what GOGC allows.",
			Remedy: []string{
				"build with Go 1.14.2 or newer; with 1.15 or newer the scavenger's fault is gone, too",
			},
			Versions: "Go 1.14.0 and 1.14.1 with GOGC below 60; the scavenger's fault: Go 1.14.",
			Sources: []string{
				"runtime.gcSetTriggerRatio (mgc.go) of Go 1.14 and 1.14.2", "golang.org/issue/37525", "golang.org/issue/37927", "golang.org/issue/35788",
			},
		},
		Find: findKnownRegression,
	}
}

func findKnownRegression(f *Facts) *Finding {
	m := f.Stats()
	if !f.builtWith(release{14, 0}, release{14, 1}) || m.GCPercent < 0 || m.GCPercent >= leastGrowth || m.HeapMarked == 0 {
		return nil
	}
	marked := int64(min(m.HeapMarked, 1<<45))
	wrong, goal := marked*(100+leastGrowth)/100, int64(min(m.NextGC, 1<<46))
	if goal < wrong-marked/100 || goal > wrong+marked/100 {
		return nil
	}
	garbage, allowed := f.Leaf(ledger.HeapGarbage), marked*int64(m.GCPercent)/100
	if garbage <= allowed {
		return nil
	}
	return &Finding{
		Confidence: Proved, Takes: []Take{{ledger.HeapGarbage, garbage - allowed}},
		Says: "are garbage that a GC should have collected by now: " + f.Process.GoVersion + " has put it off until the heap has grown by 60 %, whatever GOGC says",
		Evidence: []string{
			fmt.Sprintf("the next GC is to start at %s (NextGC), 160 %% of the %s that the last one found live; GOGC is %d", size(goal), size(marked), m.GCPercent),
			fmt.Sprintf("%s were allocated since the last GC, where GOGC allows %s", size(garbage), size(allowed)),
			f.Process.GoVersion + " has this fault",
		},
		Remedy: []string{"build it with Go 1.14.2 or newer"},
	}
}
