package main

import (
	"whyres/cmd/whyres/internal/lab"
	"whyres/cmd/whyres/internal/load"
)

// burstOf is what a load has told of its burst; nil where it tells nothing and was
// not cut either.
func burstOf(pulses []load.Pulse, l *load.Load, cut bool) *lab.Burst {
	wanted, served := load.Burst(pulses)
	_, whole := l.BurstEnd()
	b := &lab.Burst{Wanted: wanted, Served: served}
	switch {
	case cut:
		b.Cut = "the load was ended by --load-limit"
	case wanted == 0:
		return nil
	case !whole:
		b.Cut = "the load ended before its last big pulse"
	}
	return b
}
