package explain

import (
	"fmt"
	"strings"

	"whyres/collector/ledger"
)

// idleSentence tells why free heap memory stays, as the ledger divides it.
func idleSentence(v *Verdict, size string) string {
	var reasons []string
	if !v.Ended {
		reasons = idleReasons(v)
	}
	switch m := &v.MemStats; {
	case m.GCPercent >= 0 || v.Ended:
	case m.Limited():
		reasons = append(reasons, "GOGC is off: only near the memory limit a GC comes by itself to set a new goal")
	default:
		reasons = append(reasons, "GOGC is off: no GC comes by itself to set a new goal")
	}
	if last := lastGC(v); last != "" {
		reasons = append(reasons, last)
	}
	text := size + " are free in Go's heap and not released"
	if len(reasons) > 0 {
		text += ": " + strings.Join(reasons, "; ")
	}
	return text + "."
}

// idleReasons: what is said of a part is not said where there is little of it.
func idleReasons(v *Verdict) (reasons []string) {
	dense, goal, due := v.untold(ledger.IdleDense), v.untold(ledger.IdleGoal), v.untold(ledger.IdleDue)
	whole := dense + goal + due
	least := whole / 20
	for _, part := range []*int64{&dense, &goal, &due} {
		if *part < least {
			*part = 0
		}
	}
	if dense > 0 {
		reasons = append(reasons, someOf(dense, whole, " of them")+" lie in chunks that were dense in the last GC cycle: these are not touched before another GC")
	}
	if goal > 0 {
		reasons = append(reasons, someOf(goal, whole, "")+" are kept: "+keptWhy(v))
	}
	if due > 0 {
		text := someOf(due, whole, "") + " are above what the scavenger aims at"
		if v.HeapLocked == 0 {
			text += ": it may release these now"
		}
		reasons = append(reasons, text)
	}
	switch locked := min(v.HeapLocked, 1<<62); {
	case locked == 0:
	case int64(locked) >= v.heapBytes():
		reasons = append(reasons, "Go's heap is locked in memory (mlock, mlockall): a release takes nothing out of RES")
	default:
		reasons = append(reasons, sizeOf(locked)+" of Go's heap are locked in memory (mlock, mlockall): what is released there stays in RES")
	}
	return reasons
}

// someOf is how much of the whole, which the sentence has told already.
func someOf(part, whole int64, of string) string {
	if size := ledger.Size(part); size != ledger.Size(whole) {
		return size + of
	}
	return "all of them"
}

// untold is what of a leaf no cause tells of.
func (v *Verdict) untold(id string) int64 { return max(v.leaf(id)-v.told(id), 0) }

// keptWhy says why the scavenger leaves memory alone.
func keptWhy(v *Verdict) string {
	m := &v.MemStats
	switch goal := m.ScavengeGCPercentGoal; {
	case goal == 0 || goal == ^uint64(0):
		if m.NumGC == 0 {
			return "no GC has run yet, and the scavenger has no goal before the first"
		}
		return "the scavenger has no goal that asks for these"
	case m.HeapSys >= m.HeapReleased && m.HeapSys-m.HeapReleased <= goal:
		return fmt.Sprintf("the runtime keeps heap memory up to its goal of %s, and holds %s", sizeOf(goal), sizeOf(m.HeapSys-m.HeapReleased))
	default:
		return fmt.Sprintf("they are within the runtime's goal of %s", sizeOf(goal))
	}
}

// leaf is the bytes of a part, 0 where there is none.
func (v *Verdict) leaf(id string) int64 {
	l := ledger.Ledger{Parts: v.Ledger}
	return l.Leaf(id)
}

// heapBytes is Go's heap with its stacks, as far as it is resident.
func (v *Verdict) heapBytes() int64 { return v.leaf("heap") + v.leaf("stacks") }
