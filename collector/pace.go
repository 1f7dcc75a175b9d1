package collector

import (
	"time"

	"whyres/collector/mem"
)

const (
	// fullShare bounds what full looks cost: one that took d is not repeated
	// before fullShare times d.
	fullShare = 100
	// moved is how far RES goes, in parts of 100 and in bytes, until another
	// full look is worth its while.
	movedPercent = 25
	movedBytes   = 4 << 20
)

// pace says when a full look is due: at ever longer intervals, from least to
// most, and sooner when RES has moved much since the last one.
type pace struct {
	least, most time.Duration
	wait        time.Duration // from the last full look to the next
	last        mem.Instant
	cost        time.Duration
	res, now    int64 // RES at the last full look, and at the last look
}

// saw takes in a sample.
func (p *pace) saw(s *mem.Sample) {
	p.now = s.RSS.Total()
	if !s.Full() {
		return
	}
	p.res, p.last, p.cost = p.now, s.At, time.Duration(s.Dur)
	p.wait = min(max(2*p.wait, p.least), p.most)
}

func (p *pace) due(now mem.Instant) bool {
	since := now.Sub(p.last)
	if since < p.least || since < fullShare*p.cost {
		return false
	}
	return since >= p.wait || p.moved()
}

func (p *pace) moved() bool {
	change := max(p.now-p.res, p.res-p.now)
	return change >= movedBytes && change*100 >= p.res*movedPercent
}
