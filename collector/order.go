package collector

import (
	"slices"

	"whyres/collector/mem"
)

// window puts frames from several sources into order of time. Each source is
// nearly in order by itself; a frame waits until nothing earlier can come.
type window struct {
	waiting []mem.Frame
}

func (w *window) add(frames ...mem.Frame) { w.waiting = append(w.waiting, frames...) }

// take removes and returns, in order, what happened up to the instant. Frames
// of the same instant keep the order in which they were added.
func (w *window) take(upto mem.Instant) []mem.Frame {
	slices.SortStableFunc(w.waiting, func(a, b mem.Frame) int { return int(max(-1, min(1, a.At-b.At))) })
	n, _ := slices.BinarySearchFunc(w.waiting, upto, func(f mem.Frame, at mem.Instant) int {
		if f.At <= at {
			return -1
		}
		return 1
	})
	out := w.waiting[:n:n]
	w.waiting = slices.Clone(w.waiting[n:])
	return out
}
