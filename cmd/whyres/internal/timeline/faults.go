package timeline

import "whyres/collector/mem"

// faults watches RES between the calls: pages that are touched come into RES
// without one.
type faults struct {
	seen int64 // RES when a fault burst last grew
}

// backWorth is how much of the returned memory must be resident again for a
// row of its own, in bytes.
const backWorth = 128 * kib

// threshold is the movement of RES, in bytes, that is worth a row where no call
// explains it: 1 MiB, 5 % of a small process, 0.5 % of a big one.
func threshold(res int64) int64 {
	return max(256*kib, min(mib, res/20), res/200)
}

// watch compares the sample with what the last row showed.
func (g *grouper) watch() {
	if !g.shown.resKnown || !g.now.resKnown || g.explained() {
		return
	}
	moved := g.now.res() - g.shown.res()
	back := g.now.returned.resident - g.shown.returned.resident
	comesBack := g.shown.returned.known && back >= backWorth && moved > 0
	if abs(moved) < threshold(g.shown.res()) && !comesBack {
		g.calm = g.now.at
		return
	}
	k := key{kind: kindFault, down: moved < 0}
	old := g.open[k]
	if old != nil && abs(g.now.res()-g.fault.seen) < 64*kib {
		return
	}
	b := g.burst(k, g.now.at, faultGap, markLongest)
	b.last = g.now.at
	b.st, b.settled = g.now, true
	g.fault.seen = g.now.res()
}

// moved reports whether RES is no more what the last row showed.
func (g *grouper) moved() bool {
	return g.shown.resKnown && abs(g.now.res()-g.shown.res()) >= threshold(g.shown.res())
}

// explained reports whether a burst is open whose row will carry the movement.
func (g *grouper) explained() bool {
	for _, b := range g.pending {
		if b.key.kind == kindCall && !b.child && b.settled && b.worth() {
			return true
		}
	}
	return false
}

func abs(v int64) int64 {
	if v < 0 {
		return -v
	}
	return v
}

// faultRow tells of RES that moved without a call, unless a row between has
// shown it already.
func (g *grouper) faultRow(b *burst, r row) (row, bool) {
	st := b.st
	moved := st.res() - g.shown.res()
	text, back := g.cameBack(st)
	enough := abs(moved) >= threshold(g.shown.res()) || back && moved >= 64*kib
	if b.nested || moved > 0 == b.key.down || !enough {
		return r, false
	}
	switch {
	case moved < 0:
		r.sign, r.word, r.tone = signDown, "fell", toneReturn
		r.text = g.fellBy(st.rss.Sub(g.shown.rss))
	case back:
		r.sign, r.word, r.tone = signBack, "back", toneBack
		r.text = []clause{say(text)}
	default:
		r.sign, r.word, r.tone = signUp, "grew", toneGrow
		r.text = []clause{say("faulted in, " + g.noCall())}
	}
	return r, true
}

// noCall says so, where it is known.
func (g *grouper) noCall() string {
	switch {
	case !g.sees:
		return "calls are not traced"
	case g.lostAt > g.calm:
		return "no call seen, but events were lost"
	}
	return "no call"
}

// fellBy says which part of RES fell, and where it went as far as that is known.
func (g *grouper) fellBy(d mem.RSS) []clause {
	if d.Swap > 0 && d.Swap >= -d.Total()/2 {
		return []clause{say("swapped out " + size(d.Swap))}
	}
	part := "all kinds a little"
	switch least := min(d.Anon, d.File, d.Shmem); {
	case least > d.Total()/2:
	case least == d.Anon:
		part = "anonymous" + glue + amount(d.Anon)
	case least == d.File:
		part = "file pages" + glue + amount(d.File)
	default:
		part = "shared memory" + glue + amount(d.Shmem)
	}
	who := g.noCall()
	if who == "no call" {
		who = "no call of the process: the kernel took it"
	}
	return []clause{say(who), say(part)}
}

// cameBack tells whether the growth is memory that had been returned: exactly
// where its ranges were looked at, else by the runtime's own counter.
func (g *grouper) cameBack(st state) (string, bool) {
	if g.shown.returned.known && st.returned.known {
		if back := st.returned.resident - g.shown.returned.resident; back >= 64*kib {
			return size(back) + " of what was returned is in RES again", true
		}
		if st.returned != g.shown.returned {
			return "", false
		}
	}
	taken := g.shown.heap.released - st.heap.released
	if g.totals.left <= 0 || !g.shown.heap.known || taken < backWorth {
		return "", false
	}
	return "the heap took " + size(taken) + " of its released memory again", true
}
