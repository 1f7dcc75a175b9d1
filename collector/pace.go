package collector

import (
	"time"

	"whyres/collector/mem"
)

const (
	// A full look that took d is not repeated before calmShare times d, or
	// movedShare times d while memory moves: one that is to be the last before
	// a process ends should not be old.
	calmShare, movedShare = 100, 20
	// movedPercent and movedBytes are how far RES, or the heap in use, goes
	// until another full look is worth its while.
	movedPercent = 25
	movedBytes   = 4 << 20
)

// pace says when a full look is due: at ever longer intervals, from least to
// most, and sooner when memory has moved much since the last one.
type pace struct {
	least, most time.Duration
	wait        time.Duration // from the last full look to the next
	last        mem.Instant
	cost        time.Duration
	then, now   level // at the last full look, and at the last look
}

// level is what a full look would show differently if it moved.
type level struct{ res, heap int64 }

// saw takes in a sample.
func (p *pace) saw(s *mem.Sample) {
	p.now.res = s.RSS.Total()
	if s.MemStats != nil {
		p.now.heap = int64(s.MemStats.HeapInuse)
	}
	if !s.Full() {
		return
	}
	p.then, p.last, p.cost = p.now, s.At, time.Duration(s.Dur)
	p.wait = min(max(2*p.wait, p.least), p.most)
}

func (p *pace) due(now mem.Instant) bool {
	since := now.Sub(p.last)
	switch {
	case since < p.least:
		return false
	case p.moved():
		return since >= movedShare*p.cost
	}
	return since >= max(p.wait, calmShare*p.cost)
}

func (p *pace) moved() bool {
	return p.then.far(p.then.res, p.now.res) || p.then.far(p.then.heap, p.now.heap)
}

// far reports whether a movement is much, of a process of this level.
func (l level) far(from, to int64) bool {
	change := max(to-from, from-to)
	return change >= movedBytes && change*100 >= l.res*movedPercent
}
