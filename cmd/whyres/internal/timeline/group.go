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

	target   int
	sees     bool // calls are traced at all
	zero     mem.Instant
	clock    mem.Instant
	nextDue  mem.Instant
	active   mem.Instant // the target's last call or mark
	now      state
	shown    state       // what the last row showed
	shownEnd mem.Instant // when the last row's doings ended
	open     map[key]*burst
	pending  []*burst // not printed yet, open ones among them, in order of start
	serial   uint64
	isGo     bool
	problem  string // that was said last,
	saidAt   mem.Instant
	lostAt   mem.Instant // when events were lost last
	calm     mem.Instant // the last sample at which RES was as shown
	exited   bool
	memLock  uint64
	fault    faults
	gc       gcSince
	totals   totals
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
	g.isGo = h.Process.GoVersion != ""
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
	}
	if g.verbose {
		k.serial = g.next()
	}
	b := g.burst(k, e.At, callGap, callLongest)
	b.addCall(e)
	g.totals.call(e, mine)
	if mine {
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
	for _, first := range g.pending {
		if first.key.kind == kindStart && !first.settled && g.now.resKnown {
			first.st, first.settled = g.now, true
		}
	}
}

// sample moves the state and the clock.
func (g *grouper) sample(s *mem.Sample) {
	if !g.mine(s.PID) {
		g.advance(s.At)
		return
	}
	g.now.afterSample(s)
	g.memLock = s.VMLck
	g.totals.sample(s)
	g.settle(s)
	g.advance(s.At)
	g.watch()
	g.say(s.GoProblem)
}

// settleWithin is how much later a sample still tells how a burst ended.
const settleWithin = time.Second

// settle gives the bursts after which nothing else happened what the sample
// says: the runtime counts a release only once its call is over.
func (g *grouper) settle(s *mem.Sample) {
	for _, b := range g.pending {
		if !b.child && !b.settled && g.tells(s, b) {
			b.st, b.settled = g.now, true
		}
	}
}

// tells reports whether the sample is how the burst ended.
func (g *grouper) tells(s *mem.Sample, b *burst) bool {
	if s.At.Sub(b.last) > settleWithin || b.last < g.active && b.key.kind != kindStart {
		return false
	}
	// RES that moves during a GC was not moved by it: that is a row of its own.
	return b.key.kind != kindGC || b.n == 1 && !g.moved()
}

// sayAgain is how long a problem with the Go runtime is not said again: it may
// come and go with each sample.
const sayAgain = 10 * time.Second

// say adds a note about what whyres cannot see, where there is a Go runtime.
func (g *grouper) say(problem string) {
	if problem == "" || problem == g.problem || !g.isGo {
		return
	}
	if g.problem == "" || g.clock.Sub(g.saidAt) >= sayAgain {
		g.problem, g.saidAt = problem, g.clock
		b := g.start(key{kind: kindNote, serial: g.next()}, g.clock, 0, 0)
		b.note = "no heap numbers: " + clean(problem, 160)
		b.child = true
	}
}

func (g *grouper) lost(l *mem.Lost) {
	g.advance(l.At)
	g.totals.lost = max(g.totals.lost, l.Total)
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

// flush prints the bursts that are complete and have no open one before them.
func (g *grouper) flush() {
	n := 0
	for n < len(g.pending) && g.pending[n].closed {
		n++
	}
	if n == 0 {
		return
	}
	batch := slices.Clone(g.pending[:n])
	g.pending = slices.Delete(g.pending, 0, n)
	batch = slices.DeleteFunc(batch, g.fold)
	nest(batch)
	for _, b := range batch {
		g.print(b)
	}
}

// fold leaves out what is too small for a row; the totals count it.
func (g *grouper) fold(b *burst) bool {
	if g.verbose || b.key.kind != kindCall || b.worth() {
		return false
	}
	g.totals.folded += uint64(b.n)
	return true
}

// nest tells which rows of a batch lie within the time of a row above them: that
// row's columns hold what they did, so they show none. The rows that are left
// end one after another, and their changes add up.
func nest(batch []*burst) {
	var end mem.Instant
	for _, b := range batch {
		switch {
		case b.child:
		case b.st.at < end:
			b.nested = true
		default:
			end = b.st.at
		}
	}
}

// print emits the burst's row, and before it what a long silence needs.
func (g *grouper) print(b *burst) {
	b.nested = b.nested || b.st.at < g.shown.at
	r, ok := g.describe(b)
	if !ok {
		return
	}
	g.quiet(b.start)
	g.emit(r)
	g.shownEnd = max(g.shownEnd, b.last)
	if r.columns {
		g.shown = b.st
	}
}

// quietFrom is the silence that is worth a row.
const quietFrom = 10 * time.Second

// quiet says that nothing happened for long.
func (g *grouper) quiet(until mem.Instant) {
	if g.shownEnd == 0 || until.Sub(g.shownEnd) < quietFrom {
		return
	}
	g.emit(row{
		at: g.shownEnd, zero: g.zero, sign: signDot, word: "quiet", tone: toneDim,
		text: []clause{say(span(until.Sub(g.shownEnd)))},
	})
}
