package course

import (
	"sort"

	"whyres/collector/mem"
)

// maxSteps bounds what is kept of a fall.
const maxSteps = 4096

// fall remembers when RES was last above any level: the readings that no later one
// has reached, each lower than the one before. Where these become too many, those
// go that are less than least below the one before: a level is then met to within
// least, a two-thousandth of the fall.
type fall struct {
	steps []step
	least int64
}

// step is a reading that none after it has reached; next is the one after it. From
// since on RES may have been below it.
type step struct {
	since  mem.Instant
	res    int64
	next   point
	passed bool
}

func (f *fall) read(p point) {
	if n := len(f.steps); n > 0 && !f.steps[n-1].passed {
		f.steps[n-1].next, f.steps[n-1].passed = p, true
	}
	n := len(f.steps)
	for n > 0 && f.steps[n-1].res <= p.res {
		n--
	}
	f.steps = f.steps[:n]
	if n > 0 && f.steps[n-1].res-p.res < f.least {
		return
	}
	f.steps = append(f.steps, step{since: p.since, res: p.res})
	if len(f.steps) >= maxSteps {
		f.thin()
	}
}

// thin keeps half of the steps or fewer.
func (f *fall) thin() {
	last := len(f.steps) - 1
	f.least = max(f.least, (f.steps[0].res-f.steps[last].res)/(maxSteps/2)+1)
	kept := f.steps[:1]
	for _, s := range f.steps[1:] {
		if kept[len(kept)-1].res-s.res >= f.least {
			kept = append(kept, s)
		}
	}
	f.steps = kept
}

// below is the last instant at which RES is known to have been above the level, and
// the reading after it; the last reading of all must not be above it.
func (f *fall) below(level int64) (above mem.Instant, at point) {
	i := sort.Search(len(f.steps), func(i int) bool { return f.steps[i].res <= level })
	if i == 0 {
		return 0, point{}
	}
	s := &f.steps[i-1]
	return s.since, s.next
}

// Fall is a reading of RES that none after it has reached.
type Fall struct {
	RES int64 // bytes
	// Until is when RES was first read to be less, for good; only the last reading
	// of all has Ended false.
	Until mem.Instant
	Ended bool
	// Since is when it was last known not to be less yet.
	Since mem.Instant
}

// falls are the readings that no later one has reached, each lower than the one
// before by least bytes or more; the first and the last are always there.
func (f *fall) falls(least int64) []Fall {
	var out []Fall
	for i, s := range f.steps {
		last := i == len(f.steps)-1
		if n := len(out); n > 0 && !last && out[n-1].RES-s.res < least {
			continue
		}
		out = append(out, Fall{RES: s.res, Until: s.next.at, Ended: !last, Since: s.since})
	}
	return out
}
