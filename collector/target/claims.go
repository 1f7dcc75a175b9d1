package target

import (
	"slices"
	"sort"

	"whyres/collector/mem"
)

// maxClaims bounds how many claims are kept, and with it the time that they
// take: a target makes its mappings as it likes.
const maxClaims = 1 << 14

// claim says whose a range of addresses is.
type claim struct {
	mem.Range
	owner mem.Owner
}

// claims are sorted and do not overlap. Who comes first keeps what it has.
type claims []claim

// add claims what of the range nobody has. It is false when there is no room.
func (c *claims) add(r mem.Range, owner mem.Owner) bool {
	for i := c.after(r.Start); !r.Empty(); i++ {
		free := r
		if i < len(*c) {
			free.End = max(r.Start, min(r.End, (*c)[i].Start))
			r.Start = max(r.Start, (*c)[i].End)
		} else {
			r.Start = r.End
		}
		if free.Empty() {
			continue
		}
		if len(*c) >= maxClaims {
			return false
		}
		*c = slices.Insert(*c, i, claim{free, owner})
		i++
	}
	return true
}

// after is the index of the first claim that ends above the address.
func (c claims) after(a mem.Addr) int {
	return sort.Search(len(c), func(i int) bool { return a < c[i].End })
}

// owned reports whether somebody has the address.
func (c claims) owned(a mem.Addr) bool {
	i := c.after(a)
	return i < len(c) && c[i].Contains(a)
}

// run is a piece of memory that is present, of one kind of page.
type run struct {
	mem.Range
	kind mem.PageKind
}

// parts sums what each owner has of the mapping; runs are all that is present
// there, sorted.
func (c claims) parts(v *mem.VMA, runs []run) []mem.VMAPart {
	var out []mem.VMAPart
	at := map[mem.Owner]int{}
	for i := c.after(v.Start); i < len(c) && c[i].Start < v.End; i++ {
		if v.Rss == 0 && c[i].owner != mem.OwnerRuntime {
			continue // the runtime counts its own, resident or not
		}
		k, known := at[c[i].owner]
		if !known {
			k = len(out)
			at[c[i].owner] = k
			out = append(out, mem.VMAPart{Owner: c[i].owner})
		}
		tally(&out[k].Amount, c[i].Intersect(v.Range), runs)
	}
	return out
}

// tally adds a range and what is present of it.
func tally(sum *mem.Amount, r mem.Range, runs []run) {
	sum.Bytes += r.Len()
	i := sort.Search(len(runs), func(i int) bool { return r.Start < runs[i].End })
	for ; i < len(runs) && runs[i].Start < r.End; i++ {
		n := runs[i].Intersect(r).Len()
		switch runs[i].kind {
		case mem.PageZero:
			sum.Zero += n
		case mem.PageHuge:
			sum.Huge += n
			sum.Resident += n
		case mem.PageSmall:
			sum.Resident += n
		}
	}
}
