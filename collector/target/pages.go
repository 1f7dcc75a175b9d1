package target

import "whyres/collector/mem"

// pages adds the state of each page of the Go heap, joined with residency. The
// walk's MemStats replace those of a light look: they hold HeapAlloc too. That
// it fails is said in the sample, and is no error.
func (v *View) pages(s *mem.Sample) {
	stats, pages, err := v.runtime.Walk(v.kernel.Resident)
	if err != nil {
		s.PagesProblem = err.Error()
		return
	}
	if stats != nil {
		s.MemStats = stats
	}
	s.Pages = pages
}
