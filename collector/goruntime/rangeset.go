package goruntime

import (
	"cmp"
	"slices"

	"whyres/collector/mem"
)

// apart sorts the ranges, merges those that touch, and cuts out what lies in
// holes, which are sorted and apart.
func apart(ranges, holes []mem.Range) []mem.Range {
	slices.SortFunc(ranges, func(a, b mem.Range) int { return cmp.Compare(a.Start, b.Start) })
	var out []mem.Range
	add := func(r mem.Range) {
		if last := len(out) - 1; last >= 0 && r.Start <= out[last].End {
			out[last].End = max(out[last].End, r.End)
		} else if !r.Empty() {
			out = append(out, r)
		}
	}
	for _, r := range ranges {
		for _, hole := range holes {
			if hole.End <= r.Start || hole.Start >= r.End {
				continue
			}
			if r.Start < hole.Start {
				add(mem.Range{Start: r.Start, End: hole.Start})
			}
			r.Start = min(hole.End, r.End)
		}
		if !r.Empty() {
			add(r)
		}
	}
	return out
}
