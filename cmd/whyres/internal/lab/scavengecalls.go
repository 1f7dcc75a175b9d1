package lab

import "whyres/collector/mem"

// scavengeCalls is the time within the calls of Go's heap that release, in ns.
type scavengeCalls struct {
	// counted by the runtime itself, in versions that count: the background
	// scavenger's, and those for growth and the memory limit.
	counted int64
	// forced by debug.FreeOSMemory, which no version counts: mheap.scavengeAll adds
	// to neither of the scavenger's times, nor is it a GC's.
	forced int64
}

func (c *scavengeCalls) add(e *mem.Event) {
	if !e.Releases() {
		return
	}
	switch e.Who {
	case mem.WhoBackground, mem.WhoGrowth, mem.WhoLimit:
		c.counted += max(e.Dur, 0)
	case mem.WhoForced:
		c.forced += max(e.Dur, 0)
	}
}
