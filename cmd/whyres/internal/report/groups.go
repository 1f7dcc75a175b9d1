package report

import (
	"cmp"
	"slices"
)

const (
	// maxGroups is how many marks a page holds.
	maxGroups = 20_000
	// maxKinds bounds the table of kinds: the names in a recording are whatever
	// stands there. What comes when it is full counts as the lane's without names.
	maxKinds = 400
)

// Group is what happened of one kind at about one time. Instants are ns since the
// trace began.
type Group struct {
	Kind     int // into the table of kinds
	From, To int64
	Calls    uint64
	// Asked is the sum of the lengths in bytes, Left what the calls themselves took
	// out of RES (negative where they added to it).
	Asked uint64
	Left  int64
	// First and Last number GCs.
	First, Last uint32
}

func (g *Group) add(o *Group) {
	g.From, g.To = min(g.From, o.From), max(g.To, o.To)
	g.Calls += o.Calls
	if g.Asked += o.Asked; g.Asked < o.Asked {
		g.Asked = ^uint64(0)
	}
	g.Left += o.Left
	if o.First != 0 && (g.First == 0 || o.First < g.First) {
		g.First = o.First
	}
	g.Last = max(g.Last, o.Last)
}

// groups gathers marks: each by itself as long as there is room, then those of one
// kind within width (ns) as one.
type groups struct {
	kinds []Kind
	index map[Kind]int
	list  []Group
	limit int
	width int64
	seen  uint64
}

func (g *groups) add(k Kind, one Group) {
	g.seen += one.Calls
	one.Kind = g.kind(k)
	g.list = append(g.list, one)
	if len(g.list) >= 2*g.limit {
		g.merge()
	}
}

func (g *groups) kind(k Kind) int {
	if i, ok := g.index[k]; ok {
		return i
	}
	if len(g.kinds) >= maxKinds {
		k = Kind{Lane: k.Lane}
		if i, ok := g.index[k]; ok {
			return i
		}
	}
	if g.index == nil {
		g.index = map[Kind]int{}
	}
	g.index[k] = len(g.kinds)
	g.kinds = append(g.kinds, k)
	return len(g.kinds) - 1
}

// finish keeps no more than the limit, in order of time.
func (g *groups) finish() {
	for len(g.list) > g.limit && g.width < 1<<60 {
		g.merge()
	}
	g.sort()
}

func (g *groups) sort() {
	slices.SortStableFunc(g.list, func(a, b Group) int { return cmp.Compare(a.From, b.From) })
}

// merge makes one of all of a kind in the same width, which doubles until half of
// the list or less is left. Of fewer kinds than the limit that ends.
func (g *groups) merge() {
	g.sort()
	span := g.list[len(g.list)-1].From - g.list[0].From
	g.width = max(2*g.width, span/int64(4*g.limit)+1)
	type place struct {
		kind   int
		bucket int64
	}
	at := map[place]int{}
	kept := g.list[:0]
	for _, one := range g.list {
		p := place{one.Kind, one.From / g.width}
		if i, ok := at[p]; ok {
			kept[i].add(&one)
			continue
		}
		at[p] = len(kept)
		kept = append(kept, one)
	}
	g.list = kept
}
