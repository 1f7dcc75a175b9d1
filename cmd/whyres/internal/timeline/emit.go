package timeline

import (
	"slices"
	"time"

	"whyres/collector/mem"
)

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
	for i, b := range batch {
		if b.children != nil && !b.children.many {
			for _, single := range b.children.singles {
				g.print(single)
			}
			continue
		}
		g.print(b, batch[i+1:], g.pending)
	}
}

// fold leaves out what is too small for a row; the totals count it.
func (g *grouper) fold(b *burst) bool {
	if b.children != nil {
		calls, nothing := b.children.leaveOut()
		g.totals.folded += calls
		return nothing
	}
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

// print emits the burst's row, before it what a long silence needs, and after
// it a row for what moved RES beside its calls.
func (g *grouper) print(b *burst, later ...[]*burst) {
	b.nested = b.nested || b.st.at < g.shown.at
	if g.weigh(b, later...) {
		defer g.print(&burst{
			key: key{kind: kindFault, down: driftOf(&g.shown, &b.st).rest() < 0}, start: b.start, last: b.last, st: b.st, n: 1,
		})
	}
	r, ok := g.describe(b)
	if !ok {
		return
	}
	g.quiet(b.start)
	g.emit(r)
	g.shownEnd = max(g.shownEnd, b.last)
	if r.columns {
		g.shown, g.withheld = b.st, state{}
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
