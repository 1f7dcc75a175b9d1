package clock

import (
	"time"

	"whyres/collector/mem"
)

// naps follows how long sysmon sleeps: a program with a timer that is due each
// second wakes it each second, whatever one look at it may show.
type naps struct {
	begun         mem.Instant
	before, since time.Duration // the longest of the minute before, and since
	minute        mem.Instant   // when that began
}

func (n *naps) see(s *mem.Sample) {
	if s.Clock == nil {
		return
	}
	if n.begun == 0 {
		n.begun, n.minute = s.At, s.At
	}
	if s.At.Sub(n.minute) >= deepSleep {
		n.before, n.since, n.minute = n.since, 0, s.At
	}
	n.since = max(n.since, time.Duration(s.Clock.SysmonSleep))
}

// longest is 0 until it was followed for a whole sleep.
func (n *naps) longest(at mem.Instant) time.Duration {
	if n.begun == 0 || at.Sub(n.begun) < deepSleep {
		return 0
	}
	return max(n.before, n.since, 10*time.Millisecond)
}
