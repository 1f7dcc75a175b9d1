package causes

import (
	"fmt"

	"whyres/collector/ledger"
)

// goalMet: free memory is kept as the scavenger's goal allows the heap to keep it.
func goalMet() Cause {
	return Cause{
		ID: "goal-met",
		Page: Page{
			What: "free memory is kept for growth: the heap is within what the scavenger lets it keep",
			Mechanism: "Each GC sets the scavenger a goal: the memory that the heap had in use at the end of marking, times the new " +
				"heap goal over the one before, plus 10 %. Below it nothing is given back, as the heap is expected to grow to that size " +
				"again before the next GC: with GOGC=100 it may double. In a busy program this headroom is used in each GC cycle, and " +
				"giving it back would only bring page faults. In a program that has gone quiet it stays until the next GC finds less memory in " +
				"use, and sets a lower goal.",
			Proof: "The goal is read from the runtime. What the program leaves unused is what it will not fill at its pace since the last GC before one is forced, where that is more than a quarter of the heap in use. " +
				"whyres calls it proved where no GC came by growth for two minutes; likely where the program sleeps, and has hardly allocated since the last GC, ten seconds ago or more; " +
				"possible otherwise: a program at work is about to fill it, and one that works in bursts only pauses, which both are healthy.",
			Remedy: []string{
				"a lower GOGC (GOGC=50, debug.SetGCPercent(50)): less headroom, for more GC work",
				"GOMEMLIMIT (Go 1.19 and newer): near the limit the heap keeps no headroom",
				"debug.FreeOSMemory() in the program after a big job: a full GC, and faults when the memory is used again",
			},
			Versions: "Go 1.13 and newer; since Go 1.19 a second goal follows from the memory limit, and the harder of both counts.",
			Sources: []string{
				"runtime/mgcscavenge.go: gcPaceScavenger, retainExtraPercent, heapRetained", "golang.org/issue/30333", "golang.org/issue/18896",
			},
		},
		Find: findGoalMet,
	}
}

func findGoalMet(f *Facts) *Finding {
	m := f.Stats()
	takes := f.All(ledger.IdleGoal)
	if len(takes) == 0 || m.NumGC == 0 || m.GCPercent < 0 {
		return nil
	}
	found := &Finding{
		Confidence: Possible, Takes: takes,
		Says:     "are free in Go's heap and kept for growth: they are within what the scavenger lets the heap keep",
		Evidence: []string{goalEvidence(f), f.lastGC()},
		Remedy:   []string{lowerGOGC(m.GCPercent), f.nextGC() + "; it sets a new goal"},
	}
	if f.unusedHeadroom(takes) {
		found.Confidence = f.sure(false)
		found.Evidence = append(found.Evidence, fmt.Sprintf("since that GC the program has allocated %s", size(f.sinceMarked())))
	}
	switch found.Confidence {
	case Proved:
		found.Says += ", and the program does not use them"
	case Likely:
		found.Says += ", and the program sleeps, and has hardly allocated anything since the last GC"
		found.Ask = []string{"look again in two minutes: one look cannot tell a pause between bursts of work, before which this memory is kept with good reason, from its end"}
	case Possible:
		found.Ask = []string{"look again in a minute: a program at work fills this memory before each GC, and that is healthy; one that has gone quiet leaves it unused; a pause between bursts of work looks the same for two minutes"}
	}
	return found
}

// unusedHeadroom: the program pauses at least, and it is more than what the program
// will fill at that pace, and than a quarter of what is in use, which is little
// beside the doubling that GOGC=100 allows.
func (f *Facts) unusedHeadroom(takes []Take) bool {
	kept := Total(takes)
	_, quiet := f.untilForced()
	return quiet && kept-f.room() >= f.Worth() && kept > int64(min(f.Stats().HeapInuse/4, 1<<62))
}

// sinceMarked is what was allocated since the last GC, in bytes.
func (f *Facts) sinceMarked() int64 {
	m := f.Stats()
	return int64(m.HeapAlloc - min(m.HeapMarked, m.HeapAlloc))
}

// goalEvidence: Go 1.14 and newer write ^0 for a goal that is met, and keep no
// number.
func goalEvidence(f *Facts) string {
	m := f.Stats()
	text := fmt.Sprintf("the heap holds %s with what is free", size(int64(m.HeapSys-min(m.HeapReleased, m.HeapSys))))
	if goal := m.ScavengeGCPercentGoal; goal > 0 && goal < 1<<62 {
		return text + fmt.Sprintf(", and the scavenger's goal is %s", size(int64(goal)))
	}
	return text + ", and the last GC found that to be within the scavenger's goal: it has nothing to do"
}

// lowerGOGC is a quarter of what it is, at least 10.
func lowerGOGC(now int32) string {
	lower := max(now/4, 10)
	if lower >= now {
		return "GOMEMLIMIT, so that the heap keeps no headroom near it"
	}
	return fmt.Sprintf("GOGC=%d (now %d), at the price of more GC work", lower, now)
}
