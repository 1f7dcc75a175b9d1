package target

import "whyres/collector/mem"

// clock is when the Go runtime's clock comes round again. What of it cannot be
// read is left out: the sample's other numbers do not depend on it.
func (v *View) clock() *mem.GoClock {
	c, err := v.runtime.Clock()
	if c == nil || err != nil {
		c = &mem.GoClock{}
	}
	note, _ := v.runtime.SysmonNote()
	if s, err := v.kernel.Sysmon(note); err == nil && s.Deep {
		c.SysmonRan, c.SysmonWakes, c.SysmonSleep = s.Ran, s.Wakes, int64(s.For)
	}
	if *c == (mem.GoClock{}) {
		return nil
	}
	return c
}
