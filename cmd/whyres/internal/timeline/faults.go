package timeline

import (
	"time"

	"whyres/collector/mem"
)

// faults watches RES between the calls: pages that are touched come into RES
// without one, and the kernel takes some.
type faults struct {
	seen int64 // RES when a fault burst last grew
	// running are calls of the target that may end later than the stream has
	// come: a sample taken meanwhile may or may not show what they do.
	running []running
	looked  mem.Instant // when the last sample was read to its end
}

// running is a call that has not ended yet, and what it does to RES.
type running struct {
	end mem.Instant
	did int64
}

// maxRunning bounds the calls that are held to be under way at a time.
const maxRunning = 256

// backWorth is how much of the returned memory must be resident again for a
// row of its own, in bytes.
const backWorth = 128 * kib

// threshold is the movement of RES, in bytes, that is worth a row where no call
// explains it: 1 MiB, 5 % of a small process, 0.5 % of a big one.
func threshold(res int64) int64 {
	return max(256*kib, min(mib, res/20), res/200)
}

// drift is how RES went from one state to a later one: in all, by the target's
// own calls, and how much of that is doubtful.
type drift struct{ moved, own, unsure int64 }

func driftOf(from, to *state) drift {
	return drift{moved: to.res() - from.res(), own: to.did - from.did, unsure: to.unsure - from.unsure}
}

// rest is what the calls do not explain.
func (d drift) rest() int64 { return d.moved - d.own }

// certain is the part of the rest that is beyond doubt.
func (d drift) certain() int64 {
	rest, unsure := d.rest(), max(d.unsure, 0)
	switch {
	case rest > unsure:
		return rest - unsure
	case rest < -unsure:
		return rest + unsure
	}
	return 0
}

// byCalls reports whether calls moved RES by the limit or more.
func (d drift) byCalls(limit int64) bool { return abs(d.moved) >= limit && abs(d.rest()) < limit }

// ran notes a call of the target for the samples that it overlaps.
func (g *grouper) ran(e *mem.Event) {
	f := &g.fault
	if e.At < f.looked {
		g.now.unsure += abs(e.Attributed)
	}
	f.over(e.At)
	if e.Attributed != 0 && len(f.running) < maxRunning {
		f.running = append(f.running, running{end: e.End(), did: e.Attributed})
	}
}

// over forgets the calls that have ended by the instant.
func (f *faults) over(at mem.Instant) {
	kept := f.running[:0]
	for _, c := range f.running {
		if c.end > at {
			kept = append(kept, c)
		}
	}
	f.running = kept
}

// lookedAt notes when the sample was read.
func (g *grouper) lookedAt(s *mem.Sample) {
	g.fault.over(s.At)
	for _, c := range g.fault.running {
		g.now.unsure += abs(c.did)
	}
	g.fault.looked = s.At.Add(time.Duration(s.Dur))
}

// entered looks at RES as a call of the target found it: what has come in since
// is not its doing, nor that of the row it gets.
func (g *grouper) entered(e *mem.Event) {
	if !measured(e) || e.Before.Total() <= 0 || e.At < g.now.at {
		return
	}
	before := g.now
	before.at, before.rss, before.resKnown = e.At, e.Before, true
	before.rss.Swap = g.now.rss.Swap
	if !g.now.resKnown {
		before.sawHeap(e)
		g.now = before
		g.tellWaiting()
		return
	}
	g.fault.over(e.At)
	if len(g.fault.running) > 0 || g.growing() {
		return
	}
	base := g.base()
	if abs(driftOf(&base, &before).certain()) < threshold(base.res()) {
		return
	}
	g.now = before
	g.watch(false)
}

// growing reports whether a burst is open that RES may grow with.
func (g *grouper) growing() bool {
	for _, b := range g.pending {
		if b.key.kind == kindCall && !b.child && !b.closed && b.grows() && b.worth() {
			return true
		}
	}
	return false
}

// base is what RES is compared with: what the last row showed, or what a row
// will show that calls came after.
func (g *grouper) base() state {
	base := g.shown
	for _, b := range g.pending {
		if b.key.kind == kindFault && b.st.at > base.at && g.past(b) {
			base = b.st
		}
	}
	return base
}

// past reports whether calls or marks of the target have come since: a row that
// went on beyond them would hold what is theirs.
func (g *grouper) past(b *burst) bool { return b.st.did != g.now.did || g.active > b.st.at }

// watch compares the state with what the last row showed. The last interval of
// a trace may hold calls that were not seen any more: only pages that no call
// is needed for count in it.
func (g *grouper) watch(last bool) {
	if !g.shown.resKnown || !g.now.resKnown || g.explained() {
		return
	}
	base := g.base()
	down, found := g.drifted(&base)
	if !found {
		g.calm = g.now.at
		return
	}
	if files := g.now.rss.File - base.rss.File + g.now.rss.Shmem - base.rss.Shmem; last && abs(files) < threshold(base.res()) {
		return
	}
	k := key{kind: kindFault, down: down}
	old := g.open[k]
	if old != nil && g.past(old) {
		g.close(old)
		old = nil
	}
	if old != nil && abs(g.now.res()-g.fault.seen) < 64*kib {
		return
	}
	b := g.burst(k, g.now.at, faultGap, markLongest)
	b.last = g.now.at
	b.st, b.settled = g.now, true
	g.fault.seen = g.now.res()
}

// drifted reports whether RES went from the base by enough for a row, and
// which way.
func (g *grouper) drifted(base *state) (down, found bool) {
	d, limit := driftOf(base, &g.now), threshold(base.res())
	rest := d.certain()
	back := g.now.returned.resident - base.returned.resident
	switch {
	case abs(rest) >= limit:
		return rest < 0, true
	case base.returned.known && back >= backWorth && rest > 0:
		return false, true
	case d.byCalls(limit) && !g.telling():
		return d.moved < 0, true
	}
	return false, false
}

// moved reports whether RES is no more what the last row showed.
func (g *grouper) moved() bool {
	return g.shown.resKnown && abs(g.now.res()-g.shown.res()) >= threshold(g.shown.res())
}

// telling reports whether a row of the target's calls is still to come.
func (g *grouper) telling() bool {
	for _, b := range g.pending {
		if b.key.kind == kindCall && !b.child && b.worth() {
			return true
		}
	}
	return false
}

// explained reports whether a burst is pending whose row will carry the
// movement: memory that was mapped is touched.
func (g *grouper) explained() bool {
	for _, b := range g.pending {
		if b.key.kind == kindCall && !b.child && b.settled && b.grows() && b.worth() {
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
