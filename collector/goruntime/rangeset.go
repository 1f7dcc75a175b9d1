package goruntime

import (
	"cmp"
	"slices"

	"whyres/collector/mem"
)

// apart sorts the ranges, merges those that touch, and cuts out what lies in
// holes, which are sorted and apart. Both are gone through once.
func apart(ranges, holes []mem.Range) []mem.Range {
	var out []mem.Range
	for _, r := range merged(ranges) {
		for len(holes) > 0 && holes[0].End <= r.Start {
			holes = holes[1:]
		}
		// The last hole can reach into the next range.
		for i := 0; i < len(holes) && holes[i].Start < r.End; i++ {
			if r.Start < holes[i].Start {
				out = append(out, mem.Range{Start: r.Start, End: holes[i].Start})
			}
			r.Start = min(holes[i].End, r.End)
		}
		if !r.Empty() {
			out = append(out, r)
		}
	}
	return out
}

// merged sorts the ranges and joins those that touch.
func merged(ranges []mem.Range) (out []mem.Range) {
	slices.SortFunc(ranges, func(a, b mem.Range) int { return cmp.Compare(a.Start, b.Start) })
	for _, r := range ranges {
		last := len(out) - 1
		switch {
		case r.Empty():
		case last >= 0 && r.Start <= out[last].End:
			out[last].End = max(out[last].End, r.End)
		default:
			out = append(out, r)
		}
	}
	return out
}
