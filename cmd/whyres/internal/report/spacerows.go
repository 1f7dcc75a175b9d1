package report

import (
	"cmp"
	"slices"

	"whyres/collector/mem"
)

// maxRows is how many rows of mappings the map of the address space has: those that
// were most resident at any time. Go's heap has rows of its own.
const maxRows = 40

// manySpans is how many are gathered before those that overlap are joined.
const manySpans = 4096

// row is one line of the map: a mapping as it grew and shrank, or all mappings of
// one file.
type row struct {
	mem.Range
	owner owner
	name  string
	peak  int64 // the most that was resident at any time, in bytes
	rest  int   // how many rows this one stands for, 0 for one
	// mapped and resident by look, in bytes; unknown where it was not mapped.
	mapped, resident []int64
	// uses divides a row of the heap, by look; nil for mappings.
	uses []use
}

// rowsOf are the rows of all looks, in order of address; what is left out is summed
// up in the last.
func rowsOf(list []look) []row {
	rows := spans(list)
	for i := range rows {
		rows[i].mapped, rows[i].resident = gaps(len(list)), gaps(len(list))
	}
	named := map[string]int{}
	index(rows, named)
	for at := range list {
		for _, c := range list[at].cells {
			if c.use != nil {
				continue
			}
			i, ok := named[c.name]
			if !ok {
				i = find(rows, c.Range)
			}
			rows[i].take(at, c.mapped, c.resident)
		}
	}
	heap := heapRows(list)
	keep := maxRows
	if len(heap) > 0 {
		keep = maxRows / 2
	}
	rows = append(most(rows, keep, len(list)), heap...)
	slices.SortStableFunc(rows, func(a, b row) int { return cmp.Or(cmp.Compare(a.rest, b.rest), cmp.Compare(a.Start, b.Start)) })
	return rows
}

func gaps(n int) []int64 { return slices.Repeat([]int64{unknown}, n) }

func (r *row) take(at int, mapped, resident int64) {
	r.mapped[at] = max(r.mapped[at], 0) + mapped
	r.resident[at] = max(r.resident[at], 0) + resident
	r.peak = max(r.peak, r.resident[at])
}

// spans are the rows without their numbers: one a name, and one for memory without
// a name that overlaps over time.
func spans(list []look) []row {
	var all []row
	named, room := map[string]int{}, manySpans
	for at := range list {
		for _, c := range list[at].cells {
			i, seen := named[c.name]
			switch {
			case c.use != nil:
			case c.name == "":
				all = append(all, row{Range: c.Range, owner: c.owner})
			case seen:
				all[i].Start, all[i].End = min(all[i].Start, c.Start), max(all[i].End, c.End)
			default:
				named[c.name] = len(all)
				all = append(all, row{Range: c.Range, owner: c.owner, name: c.name})
			}
		}
		if len(all) > room {
			all = joined(all)
			room = max(manySpans, 2*len(all))
			index(all, named)
		}
	}
	return joined(all)
}

func index(rows []row, named map[string]int) {
	for i := range rows {
		if rows[i].name != "" {
			named[rows[i].name] = i
		}
	}
}

// joined sorts by address and makes one of rows without a name that overlap. A row
// that once was of the heap is.
func joined(all []row) []row {
	slices.SortStableFunc(all, func(a, b row) int { return cmp.Or(cmp.Compare(a.Start, b.Start), cmp.Compare(a.End, b.End)) })
	var out []row
	last := -1 // of those without a name
	for _, r := range all {
		if r.name == "" && last >= 0 && r.Start < out[last].End {
			out[last].End = max(out[last].End, r.End)
			if r.owner == ownerHeap || out[last].owner == ownerOther || out[last].owner == ownerRuntime && r.owner != ownerOther {
				out[last].owner = r.owner
			}
			continue
		}
		out = append(out, r)
		if r.name == "" {
			last = len(out) - 1
		}
	}
	return out
}

// find is the row without a name that holds the range: joined made one.
func find(rows []row, r mem.Range) int {
	at, _ := slices.BinarySearchFunc(rows, r.Start, func(x row, start mem.Addr) int { return cmp.Compare(x.Start, start+1) })
	for at--; at > 0 && rows[at].name != ""; at-- {
	}
	return at
}

// most keeps the rows that were most resident, and sums up the others.
func most(rows []row, keep, looks int) []row {
	if len(rows) <= keep {
		return rows
	}
	byPeak := make([]int, len(rows))
	for i := range rows {
		byPeak[i] = i
	}
	slices.SortStableFunc(byPeak, func(a, b int) int { return cmp.Compare(rows[b].peak, rows[a].peak) })
	rest := row{owner: ownerOther, mapped: gaps(looks), resident: gaps(looks)}
	kept := make([]row, 0, keep)
	for _, i := range byPeak[:keep-1] {
		kept = append(kept, rows[i])
	}
	for _, i := range byPeak[keep-1:] {
		rest.rest++
		for at, mapped := range rows[i].mapped {
			if mapped >= 0 {
				rest.take(at, mapped, rows[i].resident[at])
			}
		}
	}
	return append(kept, rest)
}
