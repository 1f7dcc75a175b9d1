package collector

import (
	"time"

	"whyres/collector/mem"
)

const (
	// readFor is how long one reading waits: the longest that an event lies in
	// the ring without filling it. Each end of it is a wake-up: with a fifth
	// of it whyres took 2 % of a CPU beside a process at rest.
	readFor = 100 * time.Millisecond
	// A batch is handed on when it is this big. It grows with what there is to
	// read.
	leastBatch, mostBatch = 64, 2048
	// slack is how far two CPUs' records may be out of order in the ring.
	slack = 5 * time.Millisecond
)

// batch is what one reading brought. Nothing that happened up to upto will
// come in a later one.
type batch struct {
	frames []mem.Frame
	upto   mem.Instant
	err    error
	last   bool
}

// reader reads until stop is closed, and then whatever is left.
type reader struct {
	source EventSource
	now    func() mem.Instant
	stop   <-chan struct{}
	out    chan<- batch
	size   int
}

func (r *reader) run() {
	defer close(r.out)
	for {
		stopping := closed(r.stop)
		wait := readFor
		if stopping {
			wait = 0
		}
		b, drained := r.read(wait)
		b.last = b.err != nil || stopping && drained
		r.out <- b
		if b.last {
			return
		}
	}
}

func (r *reader) read(wait time.Duration) (batch, bool) {
	began := r.now()
	r.size = min(max(r.size, leastBatch), mostBatch)
	frames, drained, err := r.source.Read(make([]mem.Frame, 0, r.size), time.Now().Add(wait))
	r.size = 2 * len(frames)
	b := batch{frames: frames, upto: began.Add(-slack), err: err}
	if !drained && len(frames) > 0 {
		b.upto = min(b.upto, frames[len(frames)-1].At.Add(-slack))
	}
	return b, drained
}

func closed(c <-chan struct{}) bool {
	select {
	case <-c:
		return true
	default:
		return false
	}
}
