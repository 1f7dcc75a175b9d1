package timeline

import (
	"slices"
	"strings"
	"time"

	"whyres/collector/ledger"
	"whyres/collector/mem"
)

// Bounds for the row of other processes.
const (
	childrenEvery = time.Second
	maxSingles    = 4 // rows that one child may have instead
	maxNames      = 4
	widestName    = 16
)

// children are what other processes than the target did within a second: a
// shell's script starts thousands.
type children struct {
	pid            int // the only process, unless many
	many           bool
	singles        []*burst // the rows of that process, unless many
	started, ended uint64
	calls, asked   uint64
	left           int64
	names          []string
	more           bool // there were more names
}

// childCall files a call of another process.
func (g *grouper) childCall(k key, e *mem.Event) {
	b, c := g.children(e.At, e.PID)
	b.last = max(b.last, e.End())
	c.calls++
	c.asked = addClamped(c.asked, asked(e))
	c.left -= e.Attributed
	if single := c.single(k, e.At); single != nil {
		single.addCall(e)
	}
}

// childMark files a mark of another process.
func (g *grouper) childMark(k key, m *mem.Mark) {
	b, c := g.children(m.At, m.PID)
	b.last = max(b.last, m.At)
	switch m.Kind {
	case mem.MarkFork:
		c.started++
	case mem.MarkExit:
		c.ended++
	case mem.MarkExec:
		c.name(m.Comm)
	}
	if single := c.single(k, m.At); single != nil {
		single.addMark(m)
	}
}

// children is the open burst of other processes. A child that the target
// started before it opened counts in it.
func (g *grouper) children(at mem.Instant, pid int) (*burst, *children) {
	b := g.burst(key{kind: kindChildren}, at, childrenEvery, childrenEvery)
	b.child = true
	if b.children == nil {
		b.children = &children{pid: pid, started: g.started}
		g.started = 0
	}
	if pid != b.children.pid {
		b.children.fold()
	}
	return b, b.children
}

// startedOne counts a child of the target.
func (g *grouper) startedOne() {
	if b := g.open[key{kind: kindChildren}]; b != nil && b.children != nil {
		b.children.started++
		return
	}
	g.started++
}

// fold gives up the rows of one process.
func (c *children) fold() { c.many, c.singles = true, nil }

// single is the burst for a row of the only process, nil where there is none.
func (c *children) single(k key, at mem.Instant) *burst {
	if c.many {
		return nil
	}
	i := slices.IndexFunc(c.singles, func(b *burst) bool { return b.key == k })
	if i >= 0 {
		return c.singles[i]
	}
	if len(c.singles) == maxSingles {
		c.fold()
		return nil
	}
	b := &burst{key: k, start: at, last: at, child: true}
	c.singles = append(c.singles, b)
	return b
}

func (c *children) name(comm string) {
	name := clean(comm, widestName)
	switch {
	case name == "" || slices.Contains(c.names, name):
	case len(c.names) == maxNames:
		c.more = true
	default:
		c.names = append(c.names, name)
	}
}

// leaveOut drops what is too small for a row, and tells how many calls that
// were; nothing is true where no row is left.
func (c *children) leaveOut() (calls uint64, nothing bool) {
	if c.many {
		nothing = c.started+c.ended == 0 && len(c.names) == 0 && c.asked < worthMapped && abs(c.left) < worthChange
		if nothing {
			calls = c.calls
		}
		return calls, nothing
	}
	c.singles = slices.DeleteFunc(c.singles, func(b *burst) bool {
		small := b.key.kind == kindCall && !b.worth()
		if small {
			calls += uint64(b.n)
		}
		return small
	})
	return calls, len(c.singles) == 0
}

// childrenRow tells of many at once.
func childrenRow(b *burst, r row) row {
	c := b.children
	r.sign, r.word, r.tone = signProcess, "children", toneDim
	text := ledger.Count(c.started) + glue + "started, " + ledger.Count(c.ended) + glue + "ended"
	short := text
	if len(c.names) > 0 {
		text += ": " + strings.Join(c.names, ", ")
	}
	if c.more {
		text += " and others"
	}
	r.text = []clause{{full: text, short: short}}
	if c.calls > 0 {
		r.text = append(r.text, say(plural(c.calls, "call")))
	}
	if abs(c.left) >= worthChange {
		r.text = append(r.text, say(strings.TrimPrefix(callsDid(-c.left), "calls ")+" of their RES"))
	}
	return r
}
