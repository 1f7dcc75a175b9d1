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

// noBound is the room of a program of which no GC's goal is known: with GOGC off
// and no limit none comes.
const noBound = 1 << 62

// room is the memory, in bytes, that the program is going to fill before its
// next GC, and so has a use for, however free it is now. A program in full work
// fills its growth; one that has gone quiet gets a forced GC before it fills more
// than its pace since the last GC comes to.
//
// The runtime itself leaves every heap a tenth of what is in use
// (retainExtraPercent): room is never less.
func (f *Facts) room() int64 {
	if pace, quiet := f.untilForced(); quiet {
		return max(f.slack(), pace)
	}
	return f.growth()
}

func (f *Facts) slack() int64 { return int64(min(f.Stats().HeapInuse/10, noBound)) }

// growth is the most that the program can fill before its next GC, whatever it
// does: all that NextGC leaves, and for a quarter of NextGC more in pages that
// hold few objects.
func (f *Facts) growth() int64 {
	goal := f.untilGoal()
	if goal > 0 && goal < noBound {
		goal += int64(f.Stats().NextGC / 4)
	}
	return max(f.slack(), goal)
}

// untilGoal is what can be allocated before the heap reaches the GC's goal, that of
// the memory limit among them.
func (f *Facts) untilGoal() int64 {
	m := f.Stats()
	used := max(m.HeapAlloc, m.HeapMarked)
	switch {
	case m.NextGC > 1<<60 && m.GCPercent < 0:
		return noBound
	case m.NextGC <= used || m.NextGC > 1<<60:
		return 0
	}
	return int64(m.NextGC - used)
}

// untilForced is what is allocated before a GC is forced, at the pace since the
// last one. It is false where the heap grows to its goal before that, or where the
// pace is not to be trusted.
func (f *Facts) untilForced() (bytes int64, quiet bool) {
	if !f.paused() {
		return 0, false
	}
	m := f.Stats()
	since, _ := f.SinceGC()
	if since >= forcedGC || m.HeapAlloc <= m.HeapMarked {
		return 0, true
	}
	pace := float64(m.HeapAlloc-m.HeapMarked) * float64(forcedGC-since) / float64(max(since, pause))
	return int64(min(pace, noBound)), pace < float64(f.untilGoal())
}

// paused: the program has had no GC for longer than is usual for it, or has hardly
// run since the last. Whether it will go on is not known, unless it is settled.
// With GOGC off no GC is forced, and a pause tells nothing.
func (f *Facts) paused() bool {
	m := f.Stats()
	since, known := f.SinceGC()
	switch {
	case !known || !m.HeapWalked || m.HeapMarked == 0 || m.GCPercent < 0:
		return false
	case f.settled():
		return true
	case since < pause:
		return false
	}
	return f.idle() || since >= 3*f.betweenGCs()
}

// idle: the program sleeps, and has hardly allocated anything since its last GC,
// some time ago.
func (f *Facts) idle() bool {
	const hardly = 256 << 10
	since, known := f.SinceGC()
	return known && since >= pause && f.asleep() > 0 && f.Stats().HeapWalked && f.sinceMarked() <= int64(min(f.Stats().HeapMarked/32, noBound))+hardly
}

// settled: the program is done with its work, as far as GCs tell: none came by
// growth for two minutes, or for three times as long as ever in a trace of two.
func (f *Facts) settled() bool {
	since, known := f.SinceGC()
	if !known || f.Stats().GCPercent < 0 {
		return false
	}
	if since >= forcedGC || f.timed() {
		return true
	}
	usual := f.betweenGCs()
	return f.Trace != nil && f.Trace.Duration >= forcedGC && len(f.Trace.Marked) > 1 && usual > 0 && since >= max(pause, 3*usual)
}

// timed: the last GC was forced by time, as a trace shows by when the one before
// it had ended.
func (f *Facts) timed() bool {
	if f.Trace == nil || len(f.Trace.Marked) < 2 {
		return false
	}
	m, marked := f.Stats(), f.Trace.Marked
	last, before := marked[len(marked)-1], marked[len(marked)-2]
	return last.NumGC == m.NumGC && last.NumGC-before.NumGC == 1 && m.LastGC.Sub(before.At) >= nearlyForced
}

// nearlyForced is a gap between GCs that is a forced one's: samples see a GC some
// seconds late.
const nearlyForced = forcedGC - 10*time.Second

// asleep is for how long nothing of the program has run: its monitor thread sleeps
// as deeply as it can, which it does only while all is idle and no timer is due.
// 0 where that is not known. It wakes once a minute, and the time begins anew.
func (f *Facts) asleep() time.Duration {
	c := f.Clock()
	if c.SysmonRan <= 0 || c.SysmonRan > f.Sample.At || c.SysmonSleep < int64(sysmonSleep-time.Second) {
		return 0
	}
	return f.Sample.At.Sub(c.SysmonRan)
}

// betweenGCs is the usual time between two GCs that the program did not ask for:
// the longest in the trace, or else the average of the process's whole life. 0
// where that is not known, or where GCs come hardly more often than they are forced.
func (f *Facts) betweenGCs() time.Duration {
	m := f.Stats()
	if t := f.Trace; t != nil && len(t.Marked) > 1 {
		return longestGap(t.Marked)
	}
	gcs := time.Duration(m.NumGC - min(m.NumForcedGC, m.NumGC))
	if gcs == 0 || f.Up <= 0 || f.Up/gcs >= forcedGC/2 {
		return 0
	}
	return f.Up / gcs
}

// longestGap leaves out those that end in a GC which was forced by time.
func longestGap(marked []Marked) (longest time.Duration) {
	for i := 1; i < len(marked); i++ {
		gap := marked[i].At.Sub(marked[i-1].At)
		if marked[i].NumGC-marked[i-1].NumGC > 1 || gap < nearlyForced {
			longest = max(longest, gap)
		}
	}
	return longest
}

// useless is what of free memory the program has no use for before its next GC,
// and how sure that is. It is proved where the program is settled, or where the
// larger part is more than it can fill before that GC; where it only pauses, it
// may go on at any time, as one that works in bursts does.
func (f *Facts) useless(free []Take) ([]Take, Confidence) {
	if f.growth() >= noBound {
		return free, Possible
	}
	return beyond(free, f.room()), f.sure(2*Total(beyond(free, f.growth())) >= Total(free))
}

// sure is how sure it is that the program leaves unused what is above its room:
// certain means that it cannot fill it before the next GC.
func (f *Facts) sure(certain bool) Confidence {
	_, quiet := f.untilForced()
	switch {
	case certain, quiet && f.settled():
		return Proved
	case quiet && f.idle():
		return Likely
	}
	return Possible
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
