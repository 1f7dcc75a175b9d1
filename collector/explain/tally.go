package explain

import (
	"cmp"
	"slices"

	"whyres/collector/mem"
)

// maxRows bounds a tally: the names in a recording are whatever stands there.
const maxRows = 256

// tally counts rows by a key. What comes when it is full counts in one row
// more, under the zero key. Its zero value is empty.
type tally[K comparable, R any] struct {
	rows map[K]*R
}

// at is the row of a key.
func (t *tally[K, R]) at(key K) *R {
	if t.rows == nil {
		t.rows = map[K]*R{}
	}
	row, there := t.rows[key]
	if !there && len(t.rows) >= maxRows {
		var rest K
		key = rest
		row, there = t.rows[key]
	}
	if !there {
		row = new(R)
		t.rows[key] = row
	}
	return row
}

// tables are the tallies in order: most first, then by name.
func (a *Accumulator) tables() ([]ByWho, []Calls, []Failed) {
	who := make([]ByWho, 0, len(a.byWho.rows))
	for key, row := range a.byWho.rows {
		row.Who = named(key)
		who = append(who, *row)
	}
	slices.SortFunc(who, func(x, y ByWho) int { return cmp.Or(cmp.Compare(y.Asked, x.Asked), cmp.Compare(x.Who, y.Who)) })
	calls := make([]Calls, 0, len(a.calls.rows))
	for key, row := range a.calls.rows {
		row.Call, row.Advice = key.call, key.advice
		calls = append(calls, *row)
	}
	slices.SortFunc(calls, func(x, y Calls) int {
		return cmp.Or(cmp.Compare(y.Calls, x.Calls), cmp.Compare(x.Call, y.Call), cmp.Compare(x.Advice, y.Advice))
	})
	failed := make([]Failed, 0, len(a.failed.rows))
	for key, row := range a.failed.rows {
		row.Call, row.Advice, row.Errno = key.call, key.advice, key.errno
		failed = append(failed, *row)
	}
	slices.SortFunc(failed, func(x, y Failed) int {
		return cmp.Or(cmp.Compare(y.Calls, x.Calls), cmp.Compare(x.Call, y.Call), cmp.Compare(x.Advice, y.Advice), cmp.Compare(x.Errno, y.Errno))
	})
	return who, calls, failed
}

// named gives an event without a class its name.
func named(who mem.Who) mem.Who { return cmp.Or(who, mem.WhoUnknown) }
