package goruntime

import (
	"errors"

	"whyres/collector/mem"
)

// Bounds on the passes that are made anew because the runtime changed its heap
// meanwhile. The bytes stand for time: some 50 ms of reading.
const (
	walkTries  = 200
	leastTries = 3
	triesBytes = 48 << 20
)

// walk is what one pass over the tables found.
type walk struct {
	// stats are the counters read before the pass, after those read after it.
	stats, after *mem.MemStats
	arenas       []mem.Range
	pages        pageMap
	// sum is the pages' bytes by state.
	sum [pageStates]uint64
	// spans are those that hold objects.
	spans              []heapSpan
	objects, allocated uint64
	// contradicted is the bytes of the pages at which the tables contradict each
	// other; missed: the tables were moved or grew meanwhile.
	contradicted uint64
	missed       bool
	// endless: the spans claim so many pages that they were not all looked at.
	endless bool
	// index and entries are the scavenger's view of the chunks of charted.
	index   scavengeIndex
	charted []mem.Range
	entries []byte
}

// walker makes passes until one agrees.
type walker struct {
	target *Target
	// plan is nil until it is made, and again after it has failed; stale says
	// that it has to be made anew.
	plan  *plan
	stale bool
	best  *walk
	// read is the bytes read so far.
	read int
}

// walkUntilAgreed returns the first pass that agrees, or else the one that was
// off the least.
func (t *Target) walkUntilAgreed() (*walk, error) {
	k := walker{target: t, stale: true}
	var failed error
	for try := 0; try < walkTries && (try < leastTries || k.read < triesBytes); try++ {
		w, err := k.pass()
		if err != nil {
			if !changing(err) {
				return nil, err
			}
			k.plan, k.stale, failed = nil, true, err
			continue
		}
		if w == nil || k.best != nil && w.off() >= k.best.off() {
			continue
		}
		k.best = w
		w.stats.Retries = try
		if w.agrees() {
			return w.finish(false), nil
		}
	}
	if k.best == nil {
		return nil, failed
	}
	return k.best.finish(true), nil
}

// changing: a table can be replaced, and its old memory unmapped, while it is
// read. Only when that happens in every pass is it an error.
func changing(err error) bool {
	return errors.Is(err, ErrUnmapped) || errors.Is(err, ErrMismatch)
}

// pass makes one pass. It is nil where the counters moved so far meanwhile that
// it is no better than the best so far.
func (k *walker) pass() (w *walk, err error) {
	t := k.target
	if k.stale {
		if k.plan, err = t.newPlan(k.plan); err != nil {
			return nil, err
		}
		k.stale = false
	}
	got, err := t.readPass(k.plan)
	if err != nil {
		return nil, err
	}
	k.read += got.read
	k.stale = !got.steady
	w = &walk{arenas: k.plan.arenas, missed: !got.steady}
	w.stats, w.after = got.before.memStats(t.era), got.after.memStats(t.era)
	w.stats.Torn, w.after.Torn = t.era.torn(got.before), t.era.torn(got.after)
	if k.best != nil && (w.missed || farthest(counters(w.stats), counters(w.after)) > 2*k.best.off()) {
		return nil, nil
	}
	err = w.mark(t, k.plan, got)
	if w.endless {
		k.read += triesBytes // no change meanwhile makes it so: not many more tries
	}
	return w, err
}

// finish says what the walk adds to the counters: to those that are nearer to its
// sums.
func (w *walk) finish(torn bool) *walk {
	retries := w.stats.Retries
	if w.distance(w.after) < w.distance(w.stats) {
		w.stats = w.after
	}
	s := w.stats
	s.HeapAlloc, s.HeapObjects, s.HeapWalked = w.allocated, w.objects, true
	s.Torn, s.Retries = torn, retries
	return w
}

// agrees: the tables do not contradict each other, and their sums equal the
// counters read before or after them, all at once: then they are of that
// instant.
func (w *walk) agrees() bool { return w.off() == 0 }

// off is how far the sums are from the counters, before or after, whichever are
// nearer; never 0 where the tables contradict each other.
func (w *walk) off() uint64 {
	off := max(min(w.distance(w.stats), w.distance(w.after)), w.contradicted)
	if w.missed {
		off = max(off, pageSize)
	}
	return off
}

// distance is from the sums to the counters; never 0 for counters that
// contradict themselves.
func (w *walk) distance(s *mem.MemStats) uint64 {
	d := farthest(w.sums(), counters(s))
	if s.Torn {
		d = max(d, pageSize)
	}
	return d
}

// partition is a heap by use: in use, stacks, idle, released.
type partition [4]uint64

func counters(s *mem.MemStats) partition {
	return partition{s.HeapInuse, s.StackInuse, s.HeapIdle - s.HeapReleased, s.HeapReleased}
}

func (w *walk) sums() partition {
	return partition{
		w.sum[pageInUse], w.sum[pageStack], w.sum[pageIdle] + w.sum[pageDense], w.sum[pageReleased] + w.sum[pageReserved],
	}
}

// farthest is the largest difference of two parts.
func farthest(a, b partition) (most uint64) {
	for i := range a {
		most = max(most, max(a[i], b[i])-min(a[i], b[i]))
	}
	return most
}
