package causes

import "time"

const (
	// forcedGC is after how long without one a GC is forced
	// (runtime.forcegcperiod).
	forcedGC = 2 * time.Minute
	// sysmonSleep is how long runtime.sysmon, which forces it, sleeps at the most
	// while nothing runs: half of forcedGC.
	sysmonSleep = forcedGC / 2
	// quiet is how long a program has to have had no GC before its rate of
	// allocation since then is believed: allocation comes in bursts.
	quiet = 10 * time.Second
)

// room is the memory, in bytes, that the program is going to fill before its
// next GC, and so has a use for, however free it is now. A program in full work
// fills all that NextGC leaves; one that has allocated little since its last GC
// gets a forced GC before it fills more than that little goes on to.
//
// The runtime itself leaves every heap a tenth of what is in use
// (retainExtraPercent): room is never less.
func (f *Facts) room() int64 {
	m := f.Stats()
	slack := int64(min(m.HeapInuse/10, 1<<62))
	return max(slack, min(f.untilGoal(), f.untilForced()))
}

// untilGoal is what can be allocated before the heap reaches the GC's goal.
func (f *Facts) untilGoal() int64 {
	m := f.Stats()
	used := max(m.HeapAlloc, m.HeapMarked)
	if m.NextGC <= used || m.NextGC > 1<<62 {
		return 0
	}
	return int64(m.NextGC - used)
}

// untilForced is what is allocated before a GC is forced, at the pace since the
// last one; no less than untilGoal where that pace is not to be trusted.
func (f *Facts) untilForced() int64 {
	m := f.Stats()
	since, known := f.SinceGC()
	if !known || !m.HeapWalked || m.HeapMarked == 0 || since < max(quiet, 3*f.betweenGCs()) {
		return 1 << 62
	}
	if since >= forcedGC || m.HeapAlloc <= m.HeapMarked {
		return 0
	}
	grown := float64(m.HeapAlloc - m.HeapMarked)
	return int64(min(grown*float64(forcedGC-since)/float64(since), 1<<62))
}

// betweenGCs is the usual time between two GCs that came by growth: those of the
// trace, or of the process's whole life; 0 where that is not known, or there
// were none. Never more than forcedGC: those that come later are forced.
func (f *Facts) betweenGCs() time.Duration {
	if t := f.Trace; t != nil && len(t.Marked) > 1 {
		first, last := t.Marked[0], t.Marked[len(t.Marked)-1]
		if gcs := last.NumGC - min(first.NumGC, last.NumGC); gcs > 0 {
			return min(last.At.Sub(first.At)/time.Duration(gcs), forcedGC)
		}
	}
	m := f.Stats()
	grown := m.NumGC - min(m.NumForcedGC, m.NumGC)
	if f.Up <= 0 || grown == 0 {
		return 0
	}
	return min(f.Up/time.Duration(grown), forcedGC)
}

// beyond cuts takes, the first ones first, by the room that the program has a
// use for. Room of less than a fifth of them does not matter to what keeps them:
// they stay whole.
func beyond(takes []Take, room int64) []Take {
	if total := Total(takes); total <= 0 || room >= total {
		return nil
	} else if room < total/5 {
		return takes
	}
	var out []Take
	for _, t := range takes {
		cut := min(t.Bytes, room)
		room -= cut
		if t.Bytes > cut {
			out = append(out, Take{t.Leaf, t.Bytes - cut})
		}
	}
	return out
}
