package clock

import (
	"time"

	"whyres/collector/mem"
)

// growth reports whether the next GC comes by the heap's growth rather than by
// force, and when at the pace since the last; 0 where no time can be told.
//
// One look at a pace says little of a program that rests: while sysmon sleeps
// deeply nothing runs, and what was allocated was allocated before. So there the
// GCs of its life have to say the same.
func (f *Facts) growth() (at mem.Instant, yes bool) {
	gc, ok := f.forced()
	if !ok {
		return 0, false
	}
	at = f.reaches()
	before := at != 0 && at < gc.From
	if f.steady() {
		yes = before && f.frequent()
	} else {
		yes = before || f.frequent()
	}
	if !before || !yes {
		at = 0
	}
	return at, yes
}

// hardly anything was allocated since the last GC: what a program does on its way to
// rest, a moment after a GC, is no pace. One that would fill the least heap there is
// (4 MiB) before a GC is forced allocates as much in eight seconds.
const hardly = 256 << 10

// reaches is when the heap reaches its goal, if it goes on to grow as it did from
// the end of the last GC to the full look; 0 where that is not known, or so far
// away that it means nothing.
func (f *Facts) reaches() mem.Instant {
	m := f.Stats
	grown, took := above(f.HeapAlloc, m.HeapMarked), f.AllocAt.Sub(m.LastGC)
	if grown < hardly || took <= 0 || m.LastGC <= 0 || !m.HasNextGC() || f.HeapAlloc >= m.NextGC {
		return 0
	}
	wait := float64(m.NextGC-f.HeapAlloc) / float64(grown) * float64(took)
	if wait > float64(time.Hour) {
		return 0
	}
	return max(f.AllocAt.Add(time.Duration(wait)), f.At)
}

// frequent: in its life it had GCs more often than they are forced, and the last
// is no longer ago than two of them are apart. The first minute of a life tells
// nothing of the rest.
func (f *Facts) frequent() bool {
	const enough = 4
	m := f.Stats
	if f.Up < deepSleep || m.NumGC < enough || m.LastGC <= 0 {
		return false
	}
	apart := f.Up / time.Duration(m.NumGC)
	return apart < deepSleep && f.At.Sub(m.LastGC) < 2*apart
}

// noGoalAtAll: no GC comes by itself, neither by the heap's growth nor by force.
func (f *Facts) noGoalAtAll() bool {
	m := f.Stats
	return m.GCPercent < 0 && m.NextGC != 0 && !m.HasNextGC()
}
