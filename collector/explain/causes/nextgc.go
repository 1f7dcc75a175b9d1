package causes

import (
	"fmt"
	"time"

	"whyres/collector/ledger"
)

// lastGC says which GC was the last, and how long ago.
func (f *Facts) lastGC() string {
	m := f.Stats()
	if m.NumGC == 0 {
		return "no GC has run yet"
	}
	if since, known := f.SinceGC(); known {
		return fmt.Sprintf("GC %d, the last, ended %s ago", m.NumGC, ledger.Lasted(since))
	}
	return fmt.Sprintf("GC %d was the last", m.NumGC)
}

// nextGC says when the next GC comes: when the heap has grown to its goal, or by
// force (runtime.gcTrigger.test, sysmon). The first of a process is never forced.
func (f *Facts) nextGC() string {
	m := f.Stats()
	if m.GCPercent < 0 {
		if f.Limited() {
			return fmt.Sprintf("GOGC is off: the next GC comes when the memory limit of %s is near", size(m.MemoryLimit))
		}
		return "GOGC is off: no GC comes by itself"
	}
	text := "the next GC comes"
	if f.goalPassed() {
		text += fmt.Sprintf(" as soon as the program allocates more (its objects are %s, above the goal of %s)", size(int64(m.HeapAlloc)), size(int64(m.NextGC)))
		if m.NumGC > 0 {
			text += ", or"
		}
	} else if m.NextGC > 0 && m.NextGC < 1<<62 {
		text += " when the heap grows to " + size(int64(m.NextGC))
		if m.HeapWalked {
			text += fmt.Sprintf(" (its objects are %s now)", size(int64(m.HeapAlloc)))
		}
		if m.NumGC > 0 {
			text += ", or"
		}
	}
	if m.NumGC == 0 {
		return text + "; none is forced before the first: while the process is idle none comes"
	}
	since, known := f.SinceGC()
	switch {
	case !known:
		text += " by force two to three minutes after the last"
	case since >= forcedGC:
		text += " by force within " + ledger.Lasted(max(forcedGC+sysmonSleep-since, time.Second))
	default:
		text += fmt.Sprintf(" by force in %s, up to a minute later while the process is idle", ledger.Lasted(forcedGC-since))
	}
	return text
}

// goalPassed: the heap is past the goal, and the next allocation of some size starts
// a GC. While the last one is still being swept, garbage counts among objects.
func (f *Facts) goalPassed() bool {
	m, c := f.Stats(), f.Clock()
	return m.HeapWalked && m.NextGC > 0 && m.HeapAlloc >= m.NextGC && m.HeapAlloc < 1<<62 && !c.GCRunning && !c.Sweeping
}
