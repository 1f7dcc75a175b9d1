package clock

import (
	"time"

	"whyres/collector/mem"
)

// Prompt is whether sysmon woke the scavenger as soon as a GC had swept. It does
// where it is still awake then: it naps for 10 ms after it has started a GC, and
// sleeps deeply unless something runs at the end of the nap. On a quiet host a
// small heap is done by then, on one whose CPUs are busy it often is not: so what
// happened after the last GC is the best guess for the next.
type Prompt int

// The values. After a GC the state tells until sysmon wakes again.
const (
	PromptUnknown Prompt = iota
	PromptNo
	PromptYes
)

// promptNow reads it from a sample taken soon after a GC.
func promptNow(m *mem.MemStats, c *mem.GoClock, at mem.Instant) Prompt {
	if m == nil || c == nil || m.LastGC <= 0 || !c.ScavengerRead || c.GCRunning || c.Sweeping || c.SysmonRan == 0 {
		return PromptUnknown
	}
	const sure = deepSleep - 2*time.Second
	switch since := at.Sub(m.LastGC); {
	case since < slack/4 || since > sure || c.SysmonRan > m.LastGC.Add(sure):
		return PromptUnknown // it sweeps perhaps, or sysmon has woken since
	case c.ScavengerAsked:
		return PromptNo
	}
	return PromptYes
}

// prompt is the guess for the next GC.
func (f *Facts) prompt() Prompt {
	if now := promptNow(f.Stats, f.Clock, f.At); now != PromptUnknown {
		return now
	}
	return f.Prompt
}
