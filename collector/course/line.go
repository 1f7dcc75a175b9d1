package course

import "whyres/collector/mem"

// point is a reading, and what had been counted up to it.
type point struct {
	at mem.Instant
	// since is earlier than at where the reading is of some instant from then on:
	// a peak that was shown later.
	since mem.Instant
	res   int64
	sums  sums
}

// line follows the readings.
type line struct {
	readings uint64
	first    point
	last     point
	peak     point
	low      int64
	gap      int64
	area     float64
	still    point // since when RES has stood where it stands
	top      top
	fall     fall
}

func (l *line) read(p point) {
	if l.readings == 0 {
		l.first, l.peak, l.low, l.still, l.last = p, p, p.res, p, p
	}
	p.at = max(p.at, l.last.at) // calls of several threads overlap
	p.since = min(p.since, p.at)
	l.readings++
	passed := int64(p.at - l.last.at)
	l.gap = max(l.gap, passed)
	l.area += float64(l.last.res) * (float64(passed) / 1e9)
	if p.res > l.peak.res {
		l.peak = p
	}
	l.low = min(l.low, p.res)
	if moved := max(p.res-l.still.res, l.still.res-p.res); moved > Jitter(l.still.res) {
		l.still = p
	}
	l.last = p
	l.top.read(p)
	l.fall.read(p)
}

// gone is when so much less than the peak was in RES for good, as of an earlier
// reading, and the reading that showed it.
func (l *line) gone(bytes int64, since point) (*Moment, point) {
	above, at := l.fall.below(l.peak.res - bytes)
	return &Moment{After: int64(at.at - since.at), Within: int64(at.at - above)}, at
}
