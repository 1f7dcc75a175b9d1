package lab

import (
	"cmp"
	"slices"
)

// order sorts the rows by the goal, the least first; then those whose measure is
// not known, then those that were not measured, each by the catalogue.
func (r *Result) order() {
	f := r.Goal.Of()
	slices.SortFunc(r.Rows, func(a, b Row) int {
		x, y := *a.Measures.At(f), *b.Measures.At(f)
		return cmp.Or(
			cmp.Compare(a.class(f), b.class(f)),
			cmp.Compare(x.Median, y.Median),
			cmp.Compare(a.Place, b.Place),
		)
	})
}

// class is 0 for a row that has the measure, 1 for one that has others, 2 for one
// that has none.
func (w *Row) class(f Field) int {
	switch {
	case w.Status != StatusDone:
		return 2
	case w.Measures.At(f).N == 0:
		return 1
	}
	return 0
}
