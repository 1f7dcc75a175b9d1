package discover

import (
	"strings"
	"testing"

	"whyres/collector/summary"
)

const mib = 1 << 20

// line is what is said of the sleeper in one line.
func (c *child) line(t *testing.T, h *Host) summary.Line {
	t.Helper()
	s := look(t, h)
	seen := s.of(c.pid)
	if seen == nil {
		t.Fatalf("%d is not seen: %+v", c.pid, s.Unread)
	}
	return summary.Of(&seen.Sample, seen.Process)
}

// What is said to go back goes back when the process calls debug.FreeOSMemory;
// what had been released before and came back does not.
func TestFreeOSMemoryGivesBackWhatWasSaid(t *testing.T) {
	h := newHost(t)
	c := start(t, "KEEP=20", "DROP=40")
	before := c.line(t, h)
	if before.Freeable.Bytes < 20*mib || before.Live.Bytes < 20*mib || before.Live.Bytes > 21*mib {
		t.Fatalf("40 MiB were dropped, 20 kept: %+v", before)
	}
	c.order(t, "f")
	after := c.line(t, h)
	const slack = mib // what saying and collecting take
	if fell := before.RES - after.RES; fell < before.Freeable.Bytes-slack || fell > before.Freeable.Bytes+before.Garbage.Bytes+slack {
		t.Errorf("RES fell by %d, said: %d, at most %d more", fell, before.Freeable.Bytes, before.Garbage.Bytes)
	}

	c.order(t, "t")
	back := c.line(t, h)
	if back.CameBack.Bytes < 39*mib || back.GoesBack.Bytes > 2*mib || !strings.HasPrefix(back.Why.Part, "heap.released_resident") {
		t.Fatalf("40 MiB were touched after they had been released: %+v", back)
	}
	c.order(t, "f")
	if again := c.line(t, h); back.RES-again.RES > back.Freeable.Bytes+back.Garbage.Bytes+slack {
		t.Errorf("RES fell by %d, said: %d", back.RES-again.RES, back.Freeable.Bytes)
	}
}
