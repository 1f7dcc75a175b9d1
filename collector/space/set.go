package space

import (
	"iter"
	"slices"

	"whyres/collector/mem"
)

// DefaultLimit is how many intervals a Set holds at most unless told
// otherwise: 16 MiB of them.
const DefaultLimit = 1 << 20

// Set is a set of addresses, kept as sorted intervals that neither overlap nor
// touch. The number of intervals is bounded, as it follows from what a target
// does; what the bound made the set forget is counted, see Forgotten.
type Set struct {
	ranges    []mem.Range
	limit     int
	bytes     uint64
	forgotten uint64
}

// NewSet is an empty set of at most limit intervals; 0 means DefaultLimit.
func NewSet(limit int) *Set {
	if limit <= 0 {
		limit = DefaultLimit
	}
	return &Set{limit: limit}
}

// Add puts the addresses of r into the set. A full set takes only what touches
// an interval that it has.
func (s *Set) Add(r mem.Range) {
	if r.Empty() {
		return
	}
	i := s.firstEndingAt(r.Start)
	j := s.firstStartingAfter(r.End)
	if i == j {
		s.insert(i, r)
		return
	}
	joined := mem.Range{Start: min(r.Start, s.ranges[i].Start), End: max(r.End, s.ranges[j-1].End)}
	s.splice(i, j, joined)
}

// insert puts in an interval that touches no other.
func (s *Set) insert(i int, r mem.Range) {
	if len(s.ranges) >= s.limit {
		s.forgotten += r.Len()
		return
	}
	s.splice(i, i, r)
}

// Remove takes the addresses of r out of the set: whole intervals, an end, or
// a hole out of the middle of one. A hole makes two intervals of one: in a full
// set the smaller of them is forgotten.
func (s *Set) Remove(r mem.Range) {
	if r.Empty() {
		return
	}
	i := s.firstEndingAfter(r.Start)
	j := s.firstStartingAt(r.End)
	if i >= j {
		return
	}
	left := mem.Range{Start: s.ranges[i].Start, End: r.Start}
	right := mem.Range{Start: r.End, End: s.ranges[j-1].End}
	switch {
	case left.Empty() && right.Empty():
		s.splice(i, j)
	case left.Empty():
		s.splice(i, j, right)
	case right.Empty():
		s.splice(i, j, left)
	case j-i == 1 && len(s.ranges) >= s.limit:
		s.forgotten += min(left.Len(), right.Len())
		s.splice(i, j, larger(left, right))
	default:
		s.splice(i, j, left, right)
	}
}

func larger(a, b mem.Range) mem.Range {
	if a.Len() >= b.Len() {
		return a
	}
	return b
}

// splice puts new intervals in the place of [i, j).
func (s *Set) splice(i, j int, with ...mem.Range) {
	for _, r := range s.ranges[i:j] {
		s.bytes -= r.Len()
	}
	for _, r := range with {
		s.bytes += r.Len()
	}
	s.ranges = slices.Replace(s.ranges, i, j, with...)
}

// Clear empties the set; what was forgotten stays counted.
func (s *Set) Clear() { s.ranges, s.bytes = s.ranges[:0], 0 }

// Bytes is how many addresses the set holds.
func (s *Set) Bytes() uint64 { return s.bytes }

// Count is how many intervals the set holds.
func (s *Set) Count() int { return len(s.ranges) }

// Forgotten is how many bytes the set should hold and does not, because it was
// full; bytes that came again and were forgotten again count twice.
func (s *Set) Forgotten() uint64 { return s.forgotten }

// Contains reports whether the set holds a.
func (s *Set) Contains(a mem.Addr) bool {
	i := s.firstEndingAfter(a)
	return i < len(s.ranges) && s.ranges[i].Contains(a)
}

// All yields the intervals in order of address. The set must not change
// meanwhile.
func (s *Set) All() iter.Seq[mem.Range] { return slices.Values(s.ranges) }

// Within yields the parts of the intervals that lie in r, in order of address.
// The set must not change meanwhile.
func (s *Set) Within(r mem.Range) iter.Seq[mem.Range] {
	return func(yield func(mem.Range) bool) {
		for i := s.firstEndingAfter(r.Start); i < len(s.ranges) && s.ranges[i].Start < r.End; i++ {
			if part := s.ranges[i].Intersect(r); !part.Empty() && !yield(part) {
				return
			}
		}
	}
}

// Overlap is how many addresses of r the set holds.
func (s *Set) Overlap(r mem.Range) uint64 {
	var n uint64
	for part := range s.Within(r) {
		n += part.Len()
	}
	return n
}

// firstEndingAt is the first interval that ends at or after a.
func (s *Set) firstEndingAt(a mem.Addr) int {
	i, _ := slices.BinarySearchFunc(s.ranges, a, func(r mem.Range, a mem.Addr) int { return order(r.End >= a) })
	return i
}

// firstEndingAfter is the first interval that ends after a.
func (s *Set) firstEndingAfter(a mem.Addr) int {
	i, _ := slices.BinarySearchFunc(s.ranges, a, func(r mem.Range, a mem.Addr) int { return order(r.End > a) })
	return i
}

// firstStartingAt is the first interval that starts at or after a.
func (s *Set) firstStartingAt(a mem.Addr) int {
	i, _ := slices.BinarySearchFunc(s.ranges, a, func(r mem.Range, a mem.Addr) int { return order(r.Start >= a) })
	return i
}

// firstStartingAfter is the first interval that starts after a.
func (s *Set) firstStartingAfter(a mem.Addr) int {
	i, _ := slices.BinarySearchFunc(s.ranges, a, func(r mem.Range, a mem.Addr) int { return order(r.Start > a) })
	return i
}

// order makes a binary search find the first interval that is reached.
func order(reached bool) int {
	if reached {
		return 1
	}
	return -1
}
