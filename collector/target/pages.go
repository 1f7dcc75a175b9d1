package target

import "whyres/collector/mem"

// pages adds the state of each page of the Go heap, joined with residency.
func (v *View) pages(s *mem.Sample) {
	s.PagesProblem = "not built yet"
}
