package pulse

import (
	"iter"
	"strconv"
	"time"
)

// pulse is one burst of connections.
type pulse struct {
	kind   string // "big" or "small"
	number int    // from 1, within its kind
	of     int    // how many of its kind there will be; 0 means no end
	conns  int    // connections to open
	serial int    // from 0, over all pulses
}

// name is what the pulse is called in the output: "big 1/3", "small 7".
func (p pulse) name() string {
	name := p.kind + " " + strconv.Itoa(p.number)
	if p.of > 0 {
		name += "/" + strconv.Itoa(p.of)
	}
	return name
}

// plan is the load: so many big pulses, then small ones.
type plan struct {
	big, bigPulses     int // connections of a big pulse, number of big pulses
	small, smallPulses int // connections of a small pulse; number, 0 for ever
	bigGap, smallGap   time.Duration
	linger             time.Duration
}

// hasBig says whether there are big pulses at all; hasSmall, small ones.
func (p plan) hasBig() bool   { return p.big > 0 && p.bigPulses > 0 }
func (p plan) hasSmall() bool { return p.small > 0 }

// biggest is the number of connections of the biggest pulse.
func (p plan) biggest() int {
	biggest := 0
	if p.hasBig() {
		biggest = p.big
	}
	if p.hasSmall() {
		biggest = max(biggest, p.small)
	}
	return biggest
}

// pulses yields each pulse with the pause that comes before it. The pause is
// that of the pulse just ended: a big pulse is followed by bigGap also where
// the first small one comes next.
func (p plan) pulses() iter.Seq2[time.Duration, pulse] {
	return func(yield func(time.Duration, pulse) bool) {
		serial := 0
		pause := time.Duration(0)
		if p.hasBig() {
			for n := 1; n <= p.bigPulses; n++ {
				if !yield(pause, pulse{"big", n, p.bigPulses, p.big, serial}) {
					return
				}
				serial++
				pause = p.bigGap
			}
		}
		if !p.hasSmall() {
			return
		}
		for n := 1; p.smallPulses == 0 || n <= p.smallPulses; n++ {
			if !yield(pause, pulse{"small", n, p.smallPulses, p.small, serial}) {
				return
			}
			serial++
			pause = p.smallGap
		}
	}
}
