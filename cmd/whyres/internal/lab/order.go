package lab

import (
	"cmp"
	"slices"
)

// order sorts the rows by the goal, the least first; then those whose measure is
// not known or says little since their burst was not whole, then those that were not measured, each by the catalogue.
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

// class is 0 for a row that can be compared by the measure, 1 for one that has
// been measured all the same, 2 for one that has not.
func (w *Row) class(f Field) int {
	switch {
	case w.Status != StatusDone:
		return 2
	case w.Measures.At(f).N == 0 || w.short() != "":
		return 1
	}
	return 0
}
