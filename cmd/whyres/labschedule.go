package main

import (
	"iter"
	"time"

	"whyres/cmd/whyres/internal/lab"
)

// labDue is something that the target is told, so long after the burst.
type labDue struct {
	after time.Duration
	what  lab.What
}

// schedule yields a setting's orders by time, which may be for ever. With quick two
// GCs come in between, at a third and two thirds of the time to settle.
func schedule(orders []lab.Order, quick bool, settle time.Duration) iter.Seq[labDue] {
	if quick {
		for _, part := range []time.Duration{1, 2} {
			orders = append(orders[:len(orders):len(orders)], lab.Order{What: lab.OrderGC, After: int64(settle * part / 3)})
		}
	}
	return func(yield func(labDue) bool) {
		next := make([]lab.Order, len(orders))
		copy(next, orders)
		for len(next) > 0 {
			first := 0
			for i := range next {
				if next[i].After < next[first].After {
					first = i
				}
			}
			if !yield(labDue{time.Duration(next[first].After), next[first].What}) {
				return
			}
			if next[first].Every <= 0 {
				next = append(next[:first], next[first+1:]...)
				continue
			}
			next[first].After += next[first].Every
		}
	}
}
