package timeline

import "whyres/collector/mem"

// gcSince is what a GC's row tells beside the GC.
type gcSince struct {
	left int64  // bytes returned since the GC before,
	base int64  // when that many had been returned in all;
	num  uint32 // and that one's number
}

// addMark files one mark.
func (g *grouper) addMark(m *mem.Mark) {
	g.advance(m.At)
	mine := g.mine(m.PID)
	k := key{kind: markKind(m.Kind)}
	if !mine {
		k.pid = m.PID
	}
	if g.verbose || k.kind == kindExec || k.kind == kindExit || k.kind == kindEnd {
		k.serial = g.next()
	}
	if m.Kind == mem.MarkFork && mine {
		g.startedOne()
	}
	if !mine && !g.verbose {
		g.childMark(k, m)
		return
	}
	if mine && m.Kind == mem.MarkExec {
		g.replaced()
	}
	b := g.burst(k, m.At, callGap, markLongest)
	b.child = !mine
	b.addMark(m)
	if mine {
		b.program = g.otherGo(m)
		g.markState(b, m)
	}
	if g.verbose {
		g.close(b)
		g.flush()
	}
}

// replaced: an exec of the target gives it new memory. Of what was known of
// the old nothing holds.
func (g *grouper) replaced() {
	g.closeAll()
	g.now.rss, g.now.resKnown = mem.RSS{}, false
	g.now.heap, g.now.returned = heap{}, returned{}
	g.gc = gcSince{left: g.totals.left}
}

// otherGo is the program after an exec where its Go differs from the one
// before: nil where it is the same, or not known.
func (g *grouper) otherGo(m *mem.Mark) *mem.Process {
	if m.Kind != mem.MarkExec || m.Process == nil || m.Process.GoVersion == g.goVersion {
		return nil
	}
	g.goVersion = m.Process.GoVersion
	program := *m.Process
	program.PID = m.PID
	return &program
}

// markState brings the target's state up to the mark.
func (g *grouper) markState(b *burst, m *mem.Mark) {
	if m.RSS.Total() > 0 {
		g.now.rss, g.now.resKnown = m.RSS, true
	}
	g.now.at = max(g.now.at, m.At)
	g.active = max(g.active, m.At)
	if m.Kind != mem.MarkGC || b.n == 1 {
		g.touch(b) // of many GCs in one row the first tells: RES that moves later is not theirs
	}
	if m.Kind == mem.MarkGC {
		g.addGC(b, m)
	}
}

// addGC counts GCs, and what was returned between them.
func (g *grouper) addGC(b *burst, m *mem.Mark) {
	from := m.NumGC
	if m.First != 0 && m.First < m.NumGC {
		from = m.First
	}
	if b.first == 0 {
		b.first = from
		b.since.base, b.since.num = g.gc.left, g.gc.num
	}
	b.to = m.NumGC
	b.since.left = g.totals.left - b.since.base
	g.gc.left, g.gc.num = g.totals.left, m.NumGC
	g.totals.gcs += uint64(m.NumGC-from) + 1
}

func markKind(k mem.MarkKind) kind {
	switch k {
	case mem.MarkGC:
		return kindGC
	case mem.MarkCollapse:
		return kindCollapse
	case mem.MarkFork:
		return kindFork
	case mem.MarkExec:
		return kindExec
	case mem.MarkExit:
		return kindExit
	}
	return kindEnd
}
