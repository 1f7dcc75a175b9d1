package causes

import "time"

const (
	// forcedGC is after how long without one a GC is forced
	// (runtime.forcegcperiod).
	forcedGC = 2 * time.Minute
	// sysmonSleep is how long runtime.sysmon, which forces it, sleeps at the most
	// while nothing runs: half of forcedGC.
	sysmonSleep = forcedGC / 2
	// pause is how long a program has to have had no GC before its rate of
	// allocation since then is believed: allocation comes in bursts.
	pause = 10 * time.Second
)

// room is the memory, in bytes, that the program is going to fill before its
// next GC, and so has a use for, however free it is now. A program in full work
// fills all that NextGC leaves, and for a quarter of NextGC more in pages that hold
// few objects; one that has gone quiet gets a forced GC before it fills more than
// its pace since the last GC comes to.
//
// The runtime itself leaves every heap a tenth of what is in use
// (retainExtraPercent): room is never less.
func (f *Facts) room() int64 {
	slack := int64(min(f.Stats().HeapInuse/10, 1<<62))
	if pace, quiet := f.untilForced(); quiet {
		return max(slack, pace)
	}
	goal := f.untilGoal()
	if goal > 0 {
		goal += int64(f.Stats().NextGC / 4)
	}
	return max(slack, goal)
}

// untilGoal is what can be allocated before the heap reaches the GC's goal.
func (f *Facts) untilGoal() int64 {
	m := f.Stats()
	used := max(m.HeapAlloc, m.HeapMarked)
	if m.NextGC <= used || m.NextGC > 1<<60 {
		return 0
	}
	return int64(m.NextGC - used)
}

// untilForced is what is allocated before a GC is forced, at the pace since the
// last one. It is false where the heap grows to its goal before that, or where the
// pace is not to be trusted, as the program may only pause.
func (f *Facts) untilForced() (bytes int64, quiet bool) {
	m := f.Stats()
	since, known := f.SinceGC()
	if !known || !m.HeapWalked || m.HeapMarked == 0 || since < max(pause, 3*f.betweenGCs()) {
		return 0, false
	}
	if since >= forcedGC || m.HeapAlloc <= m.HeapMarked {
		return 0, true
	}
	pace := float64(m.HeapAlloc-m.HeapMarked) * float64(forcedGC-since) / float64(since)
	return int64(min(pace, 1<<62)), pace < float64(f.untilGoal())
}

// betweenGCs is the usual time between two GCs that came by growth: in the trace,
// or else in the process's whole life. 0 where that is not known, or where GCs come
// no more often than they are forced.
func (f *Facts) betweenGCs() time.Duration {
	m := f.Stats()
	span, gcs := f.Up, int64(m.NumGC-min(m.NumForcedGC, m.NumGC))-int64(f.Up/forcedGC)
	if t := f.Trace; t != nil && len(t.Marked) > 1 {
		first, last := t.Marked[0], t.Marked[len(t.Marked)-1]
		span, gcs = last.At.Sub(first.At), int64(last.NumGC-min(first.NumGC, last.NumGC))
	}
	if gcs <= 0 || span <= 0 || span/time.Duration(gcs) >= forcedGC {
		return 0
	}
	return span / time.Duration(gcs)
}

// useless is what of free memory the program has no use for before its next GC,
// and how sure that is: of a program at work, whose peaks are not known, only where
// that is half of it or more.
func (f *Facts) useless(free []Take) ([]Take, Confidence) {
	takes := beyond(free, f.room())
	if _, quiet := f.untilForced(); quiet || 2*Total(takes) >= Total(free) {
		return takes, Proved
	}
	return takes, Possible
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
