package timeline

import (
	"slices"
	"time"

	"whyres/collector/mem"
)

// maxOpen bounds the bursts that are gathered at a time; a target that makes
// more kinds of calls at once gets shorter bursts.
const maxOpen = 256

// grouper turns frames into rows. Its clock is the frames' own.
type grouper struct {
	verbose bool
	emit    func(row)

	target    int
	sees      bool // calls are traced at all
	zero      mem.Instant
	clock     mem.Instant
	nextDue   mem.Instant
	active    mem.Instant // the target's last call or mark
	now       state
	shown     state       // what the last row showed
	withheld  state       // what rows before could not show as their own
	shownEnd  mem.Instant // when the last row's doings ended
	open      map[key]*burst
	pending   []*burst // not printed yet, open ones among them, in order of start
	serial    uint64
	goVersion string // "" where it is not Go
	started   uint64 // children, since their last row
	problem   string // that was said last,
	saidAt    mem.Instant
	lostAt    mem.Instant // when events were lost last
	calm      mem.Instant // the last sample at which RES was as shown
	exited    bool
	memLock   uint64
	fault     faults
	gc        gcSince
	totals    totals
}

func newGrouper(verbose bool, emit func(row)) *grouper {
	return &grouper{verbose: verbose, emit: emit, open: make(map[key]*burst)}
}

// frame takes the next frame.
func (g *grouper) frame(f mem.Frame) {
	switch {
	case f.Header != nil:
		g.header(f.Header)
	case f.Event != nil:
		g.event(f.Event)
	case f.Sample != nil:
		g.sample(f.Sample)
	case f.Mark != nil:
		g.addMark(f.Mark)
	case f.Lost != nil:
		g.lost(f.Lost)
	}
}

func (g *grouper) header(h *mem.Header) {
	g.target = h.Process.PID
	g.sees = h.Attach != ""
	g.goVersion = h.Process.GoVersion
	g.zero, g.clock = h.Mono, h.Mono
	g.totals.begin(h)
	b := g.start(key{kind: kindStart}, h.Mono, callGap, callGap)
	b.note = "attached"
	if h.FromStart {
		b.note = "traced from its first mmap"
	}
}

// mine reports whether the process is the target itself.
func (g *grouper) mine(pid int) bool { return pid == g.target || g.target == 0 }

// event files one call under its burst.
func (g *grouper) event(e *mem.Event) {
	g.advance(e.End())
	k := key{kind: kindCall, class: classify(e), call: e.Call, advice: e.Advice, who: e.Who, errno: e.Errno}
	if e.Who == mem.WhoUser || e.Who == mem.WhoCgo {
		k.caller = caller(e.Stack)
	}
	mine := g.mine(e.PID)
	if !mine {
		k.pid = e.PID
	} else {
		g.entered(e)
	}
	if !mine && !g.verbose {
		g.totals.call(e, mine)
		g.childCall(k, e)
		return
	}
	if g.verbose {
		k.serial = g.next()
	}
	b := g.burst(k, e.At, callGap, callLongest)
	b.addCall(e)
	g.totals.call(e, mine)
	if mine {
		g.ran(e)
		g.now.afterCall(e)
		g.active = max(g.active, e.End())
		g.touch(b)
	}
	b.child = !mine
	if g.verbose {
		g.close(b)
		g.flush()
	}
}

// touch gives the burst the target's state as of now.
func (g *grouper) touch(b *burst) {
	b.st, b.settled = g.now, false
	g.tellWaiting()
}

// tellWaiting gives the state to the rows of a program's beginning, which wait
// for the first one.
func (g *grouper) tellWaiting() {
	if !g.now.resKnown {
		return
	}
	for _, b := range g.pending {
		if b.key.kind == kindStart && !b.settled || b.key.kind == kindExec && !b.child && !b.st.resKnown {
			b.st, b.settled = g.now, true
		}
	}
}

func (g *grouper) lost(l *mem.Lost) {
	g.advance(l.At)
	g.totals.lost = max(g.totals.lost, l.Total)
	g.totals.skipped = max(g.totals.skipped, l.Skipped)
	if l.New == 0 {
		return
	}
	g.lostAt = l.At
	b := g.burst(key{kind: kindLost}, l.At, callGap, markLongest)
	b.n++
	b.child = true // it is no doing of the target
	b.lost = addClamped(b.lost, l.New)
	b.last = max(b.last, l.At)
	for _, reason := range sortedKeys(l.Reasons) {
		b.why.add(reason, l.Reasons[reason])
	}
}

func sortedKeys(m map[string]uint64) []string {
	names := make([]string, 0, len(m))
	for name := range m {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

func (g *grouper) next() uint64 {
	g.serial++
	return g.serial
}

// burst is the open burst of the key, begun at the instant if there is none.
func (g *grouper) burst(k key, at mem.Instant, gap, longest time.Duration) *burst {
	if b := g.open[k]; b != nil {
		b.touched = g.clock
		return b
	}
	return g.start(k, at, gap, longest)
}

func (g *grouper) start(k key, at mem.Instant, gap, longest time.Duration) *burst {
	if len(g.open) >= maxOpen {
		g.closeAll()
	}
	b := &burst{key: k, gap: gap, longest: longest, start: at, last: at, opened: g.clock, touched: g.clock}
	g.open[k] = b
	i := len(g.pending)
	for i > 0 && g.pending[i-1].start > at && g.pending[i-1].key.kind != kindStart {
		i--
	}
	g.pending = slices.Insert(g.pending, i, b)
	if due := b.due(); g.nextDue == 0 || due < g.nextDue {
		g.nextDue = due
	}
	return b
}

// advance moves the clock, closes what is due and prints what is complete.
func (g *grouper) advance(to mem.Instant) {
	if to > g.clock {
		g.clock = to
	}
	if g.clock < g.nextDue || len(g.open) == 0 {
		return
	}
	g.nextDue = 0
	for _, b := range g.pending {
		if b.closed {
			continue
		}
		due := b.due()
		if due <= g.clock {
			g.close(b)
		} else if g.nextDue == 0 || due < g.nextDue {
			g.nextDue = due
		}
	}
	g.flush()
}

func (g *grouper) close(b *burst) {
	b.closed = true
	delete(g.open, b.key)
}

func (g *grouper) closeAll() {
	for _, b := range g.pending {
		if !b.closed {
			g.close(b)
		}
	}
	g.flush()
}

// finish closes everything: the stream is over.
func (g *grouper) finish() {
	g.totals.end = g.clock
	g.closeAll()
}
