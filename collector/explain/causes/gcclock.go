package causes

import (
	"fmt"
	"time"

	"whyres/collector/ledger"
	"whyres/collector/mem"
)

// gcClock: free memory waits for the next GC, or for the scavenger to get to it.
func gcClock() Cause {
	return Cause{
		ID: "gc-clock",
		Page: Page{
			What: "free memory in Go's heap waits for the next GC, or for the runtime's scavenger, to be given back",
			Mechanism: "Go does not give memory back when the program drops it. A GC has to find that it is no longer used; then " +
				"the scavenger, a thread of work in the background, gives back what is above its goal, at about 1 % of one CPU's time. " +
				"Since Go 1.21 it passes over a 4 MiB chunk of the heap in which 496 of the 512 pages or more were in use in this GC " +
				"cycle or the one before: so memory dropped from a full chunk goes back after the second GC, not the first. " +
				"While a program allocates, GCs come as its heap grows. In an idle program one is forced two minutes after the last; " +
				"the runtime's monitor thread does that, and it may sleep for another minute.",
			Proof: "whyres reads which free pages are resident, how full each chunk was, what the scavenger aims at, and when the last GC was. " +
				"It leaves out the memory that the program is about to fill again before its next GC, by the pace since the last; " +
				"nothing where the program sleeps, and has hardly allocated since. Proved is what the program cannot fill before the next GC, whatever it does, where that is the larger part, or what it " +
				"left unused for two minutes; likely, what it leaves unused while it sleeps; possible, the rest: a program may only pause.",
			Remedy: []string{
				"wait, where a GC has run before: it goes by itself, at the latest after two forced GCs, some four to six minutes after it was dropped. Before the first GC none is forced",
				"debug.FreeOSMemory() in the program once a big job is done: a full GC, and faults when the memory is used again",
				"where Go releases by MADV_FREE, or its heap is locked, neither lowers RES: see the causes madv-free and locked-memory",
			},
			Versions: "Go 1.13 and newer; the wait for full chunks since Go 1.21.",
			Sources: []string{
				"runtime/mgcscavenge.go: bgscavenge, scavChunkData.shouldScavenge, scavChunkHiOccPages",
				"runtime/proc.go: sysmon, forcegcperiod", "runtime/mgc.go: gcTrigger.test", "golang.org/issue/16930",
			},
		},
		Find: findGCClock,
	}
}

func findGCClock(f *Facts) *Finding {
	waiting := f.All(ledger.IdleDense, ledger.IdleDue)
	if f.Stats().NumGC == 0 {
		waiting = append(waiting, f.All(ledger.IdleGoal)...)
	}
	takes, sure := f.useless(waiting)
	if len(takes) == 0 {
		return nil
	}
	found := &Finding{
		Confidence: sure, Takes: takes, Says: "are free in Go's heap and wait for " + waitsFor(f, takes),
		Evidence: []string{f.lastGC()},
		Remedy:   f.getsFree(takes),
	}
	if why, remedy := f.staysInRES(); why != "" {
		found.Says += "; that will not lower RES: " + why
		found.Remedy = remedy
	}
	if dense := f.Leaf(ledger.IdleDense); dense > 0 {
		found.Evidence = append(found.Evidence, denseEvidence(f, dense))
	}
	if due := f.Leaf(ledger.IdleDue); due > 0 {
		found.Evidence = append(found.Evidence, dueEvidence(f, due))
	}
	if room := Total(waiting) - Total(takes); room > 0 {
		found.Evidence = append(found.Evidence, size(room)+" of these are left out: the program may fill as much before its next GC")
	}
	if f.Trace == nil {
		found.Ask = []string{fmt.Sprintf("whyres trace -p %d shows the next GCs and what is given back after each", f.Process.PID)}
	}
	return found
}

// waitsFor: the largest part of what is taken tells.
func waitsFor(f *Facts, takes []Take) string {
	dense, due := parts(takes)
	switch {
	case f.Stats().NumGC == 0:
		return "the first GC: before it the scavenger has no goal"
	case dense < due && f.scavengerDone():
		return "the next GC: the scavenger sleeps until then"
	case dense < due:
		return "the scavenger, which may give them back now"
	case int64(f.Pages().Next.Resident) < dense/2:
		return "two more GCs: the chunks that they are in were nearly full when the last one ran"
	}
	return "the next GC: the chunks that they are in were nearly full before the last one"
}

// parts are what of the takes waits for a GC, and for the scavenger.
func parts(takes []Take) (dense, due int64) {
	for _, t := range takes {
		switch t.Leaf {
		case ledger.IdleDense:
			dense = t.Bytes
		case ledger.IdleDue:
			due = t.Bytes
		}
	}
	return dense, due
}

// scavengerDone: it sleeps, and nobody has been asked to wake it before a GC does.
func (f *Facts) scavengerDone() bool {
	c := f.Clock()
	return c.ScavengerRead && c.ScavengerParked && !c.ScavengerAsked && f.asleep() > 0
}

// getsFree is what to do for the memory to go, which fits what it waits for.
func (f *Facts) getsFree(takes []Take) []string {
	const free = "debug.FreeOSMemory() in the program after a big job, at the price of a full GC"
	dense, due := parts(takes)
	switch {
	case f.Stats().NumGC == 0:
		return []string{free, "waiting helps only while the program allocates: " + f.nextGC()}
	case dense < due && !f.scavengerDone():
		return []string{"wait: " + f.scavengerComes(), free}
	case f.Stats().GCPercent < 0:
		return []string{free, f.nextGC()}
	}
	return []string{"wait: " + f.nextGC(), free}
}

// scavengerComes is when the scavenger gets to what is above its goal.
func (f *Facts) scavengerComes() string {
	c := f.Clock()
	switch left := c.SysmonWakes.Sub(f.Sample.At); {
	case c.ScavengerRead && !c.ScavengerParked:
		return "the scavenger is at work on them; they need no GC"
	case c.ScavengerAsked && c.SysmonWakes > 0:
		return fmt.Sprintf("the monitor thread wakes the scavenger in %s at the latest; they need no GC", ledger.Lasted(max(left, time.Second)))
	}
	return "the scavenger gets to them by itself, within about a minute while the process is idle; they need no GC"
}

// staysInRES tells why memory that Go gives back does not leave RES, and what would
// change that; "" where it leaves.
func (f *Facts) staysInRES() (why string, remedy []string) {
	switch {
	case f.heapAllLocked() && f.GoMinor() >= 21:
		return "Go's heap is locked, and what is given back stays unless it was locked with MCL_ONFAULT",
			[]string{"add MCL_ONFAULT to the flags of mlockall, or lock by mlock only the pages that must never be swapped"}
	case f.heapAllLocked():
		return "Go's heap is locked, and what is given back stays",
			[]string{"drop mlockall, and lock by mlock only the pages that must never be swapped; or build it with Go 1.21 or newer, and add MCL_ONFAULT"}
	case f.releasesLazily():
		_, remedy := f.whyLazy()
		return "this process gives memory back by MADV_FREE, and the kernel counts it until memory gets short", []string{remedy}
	}
	return "", nil
}

func (f *Facts) releasesLazily() bool {
	return mem.ReleasesLazily(f.GoMinor(), f.Process.Godebug("madvdontneed"), f.Sample.Clock)
}

func denseEvidence(f *Facts, dense int64) string {
	text := size(dense) + " of free memory lie in 4 MiB chunks that were nearly full in this GC cycle or the one before: the scavenger passes over them"
	if next := int64(f.Pages().Next.Resident); next > 0 {
		text += fmt.Sprintf("; %s of it may go after the next GC", size(min(next, dense)))
	}
	return text
}

func dueEvidence(f *Facts, due int64) string {
	text := size(due) + " are above what the scavenger aims at"
	if f.Sample.Clock == nil {
		return text
	}
	switch clock := f.Clock(); {
	case clock.ScavengerParked && clock.ScavengerAsked:
		return text + "; it sleeps, and the monitor thread wakes it within a minute"
	case clock.ScavengerParked:
		return text + "; it sleeps"
	}
	return text + "; it is at work"
}
