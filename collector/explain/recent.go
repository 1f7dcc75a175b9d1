package explain

import (
	"iter"
	"slices"

	"whyres/collector/mem"
)

// maxRecent is how many releases are remembered one by one: 2 MiB of them. At
// the thousand a second of a process at its memory limit, that is eight seconds; at
// the pace of the background scavenger, minutes.
const maxRecent = 8192

// dated is a release that may yet be taken again.
type dated struct {
	Outcome
	at   mem.Instant
	span mem.Range
	// unmeasured: Left is not known.
	unmeasured bool
}

// piece is address space and the call that released it last.
type piece struct {
	mem.Range
	call uint64
}

// recent are the last releases, and which address each of them was the last to
// release. Calls are numbered from 0 on.
type recent struct {
	calls  []dated // a ring
	next   uint64  // the number of the next call
	pieces []piece // sorted, without overlap
}

// call is one that is still remembered.
func (r *recent) call(n uint64) *dated { return &r.calls[n%maxRecent] }

func (r *recent) add(c dated) {
	n := r.next
	r.next++
	if len(r.calls) < maxRecent {
		r.calls = append(r.calls, c)
	} else {
		r.forget(n - maxRecent)
		r.calls[n%maxRecent] = c
	}
	if c.span.Empty() {
		return
	}
	r.cover(piece{c.span, n})
}

// cover lays a piece over what is there.
func (r *recent) cover(p piece) {
	i, j := r.over(p.Range)
	with := make([]piece, 0, 3)
	if i < j && r.pieces[i].Start < p.Start {
		with = append(with, piece{mem.Range{Start: r.pieces[i].Start, End: p.Start}, r.pieces[i].call})
	}
	with = append(with, p)
	if i < j && r.pieces[j-1].End > p.End {
		with = append(with, piece{mem.Range{Start: p.End, End: r.pieces[j-1].End}, r.pieces[j-1].call})
	}
	r.pieces = slices.Replace(r.pieces, i, j, with...)
}

// forget takes the pieces of a call out.
func (r *recent) forget(n uint64) {
	i, j := r.over(r.call(n).span)
	kept := slices.DeleteFunc(slices.Clone(r.pieces[i:j]), func(p piece) bool { return p.call == n })
	r.pieces = slices.Replace(r.pieces, i, j, kept...)
}

// over are the pieces that reach into a range: from i up to j.
func (r *recent) over(span mem.Range) (i, j int) {
	i, _ = slices.BinarySearchFunc(r.pieces, span.Start, func(p piece, a mem.Addr) int { return after(p.End > a) })
	j, _ = slices.BinarySearchFunc(r.pieces, span.End, func(p piece, a mem.Addr) int { return after(p.Start >= a) })
	return i, max(i, j)
}

// after makes a binary search find the first piece that is reached.
func after(reached bool) int {
	if reached {
		return 1
	}
	return -1
}

// within yields what of the pieces lies in a range. They must not change meanwhile.
func (r *recent) within(span mem.Range) iter.Seq[piece] {
	return func(yield func(piece) bool) {
		i, j := r.over(span)
		for _, p := range r.pieces[i:j] {
			if p.Range = p.Intersect(span); !p.Empty() && !yield(p) {
				return
			}
		}
	}
}
