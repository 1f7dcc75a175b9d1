package target

import (
	"whyres/collector"
	"whyres/collector/goruntime"
	"whyres/collector/mem"
)

// pages adds the state of each page of the Go heap, joined with residency. The
// walk's MemStats replace those of a light look: they hold HeapAlloc too. That
// it fails is said in the sample, and is no error: the heap is nil.
func (v *View) pages(s *mem.Sample, o collector.Order) *goruntime.Heap {
	heap, err := v.runtime.Walk(goruntime.WalkOptions{Resident: v.kernel.Pages, Sizes: o.Sizes})
	if err != nil {
		s.PagesProblem = err.Error()
		return nil
	}
	s.MemStats, s.Pages = heap.Stats, heap.Pages
	return heap
}
