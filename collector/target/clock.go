package target

import "whyres/collector/mem"

// clock is when the Go runtime's clock comes round again. What of it cannot be
// read is left out: the sample's other numbers do not depend on it. A full look
// tells the program's earliest timer too.
func (v *View) clock(full bool) *mem.GoClock {
	c, err := v.runtime.Clock(full)
	if c == nil || err != nil {
		c = &mem.GoClock{}
	}
	note, known := v.runtime.SysmonNote()
	if !known && mem.GoMinor(v.binary.GoVersion) < ownTimers {
		return c
	}
	if s, err := v.kernel.Sysmon(note); err == nil && s.Deep {
		c.SysmonRan, c.SysmonWakes, c.SysmonSleep = s.Ran, s.Wakes, int64(s.For)
	}
	if *c == (mem.GoClock{}) {
		return nil
	}
	return c
}

// ownTimers is the first Go without a thread for timers, which waits as the
// monitor thread does.
const ownTimers = 14
