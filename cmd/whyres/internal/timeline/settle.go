package timeline

import (
	"time"

	"whyres/collector/mem"
)

// sample moves the state and the clock.
func (g *grouper) sample(s *mem.Sample) {
	if !g.mine(s.PID) {
		g.advance(s.At)
		return
	}
	g.now.afterSample(s)
	g.memLock = s.VMLck
	g.totals.sample(s)
	g.lookedAt(s)
	g.settle(s)
	g.advance(s.At)
	g.watch(s.Last)
	g.say(s.GoProblem)
}

// settleWithin is how much later a sample still tells how a burst ended.
const settleWithin = time.Second

// settle gives the bursts after which nothing else happened what the sample
// says: the runtime counts a release only once its call is over.
func (g *grouper) settle(s *mem.Sample) {
	for _, b := range g.pending {
		switch {
		case b.child || b.settled && !g.growsStill(b) || !g.tells(s, b):
		case g.follows(b, s.Last):
			b.grown += g.now.res() - b.st.res()
			b.st, b.settled = g.now, true
		case g.now.heap.known && g.now.heap.released > b.st.heap.released:
			b.st.heap = g.now.heap
		}
	}
}

// growsStill reports whether the burst mapped memory, has no row yet, and what
// came into RES since is no more than that: it is touched long after the call,
// sample by sample.
func (g *grouper) growsStill(b *burst) bool {
	if b.closed || b.key.kind != kindCall || !b.grows() {
		return false
	}
	more := g.now.res() - b.st.res()
	return more > 0 && b.grown+more <= clampInt(b.asked-min(b.reserved, b.asked))
}

// follows reports whether RES of now is still that of the burst's end. It
// may have grown since where memory was mapped, unless calls may have gone unseen.
func (g *grouper) follows(b *burst, last bool) bool {
	if !b.st.resKnown || b.key.kind == kindStart || b.unmeasured > 0 || b.key.kind == kindCall && b.grows() && !last {
		return true
	}
	return abs(g.now.res()-b.st.res()) < threshold(b.st.res())
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
	if problem == "" || problem == g.problem {
		return
	}
	if g.goVersion == "" { // it may become Go by an exec: then this is old
		g.problem, g.saidAt = problem, g.clock
		return
	}
	if g.problem == "" || g.clock.Sub(g.saidAt) >= sayAgain {
		g.problem, g.saidAt = problem, g.clock
		b := g.start(key{kind: kindNote, serial: g.next()}, g.clock, 0, 0)
		b.note = "no heap numbers: " + clean(problem, 160)
		b.child = true
	}
}
