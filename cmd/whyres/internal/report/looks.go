package report

import (
	"strings"

	"whyres/collector/ledger"
	"whyres/collector/mem"
)

// maxLooks is how many full samples a page shows.
const maxLooks = 600

// maxCells is how many pieces of address space they have in all: of a heap of 8 GiB
// each look has 2,000, and 1,200 such looks took 400 MB; so many take 60 MB. A few
// looks are kept of any heap.
const (
	maxCells  = 300_000
	fewestCut = 16
)

// look is a full sample: the parts of RES, and the mappings. at is in ns since the
// trace began.
type look struct {
	at    int64
	res   int64
	parts []ledger.Part
	cells []cell
}

// looks keeps full samples. Where there are too many, of each two neighbours the one
// with less RES goes; the first and the last stay, for the page says how it began and
// what it came to.
type looks struct {
	list  []look
	limit int
	cells int // in all of the list
	seen  int
}

func (l *looks) add(one look) {
	l.seen++
	l.list = append(l.list, one)
	l.cells += len(one.cells)
	if n := len(l.list); n >= 2*l.limit || n >= fewestCut && l.cells > maxCells {
		l.halve()
	}
}

func (l *looks) finish() {
	if len(l.list) > l.limit {
		l.halve()
	}
}

func (l *looks) halve() {
	last := len(l.list) - 1
	if last < 2 {
		return
	}
	kept := l.list[:1]
	for i := 1; i < last; i += 2 {
		one := l.list[i]
		if i+1 < last && l.list[i+1].res > one.res {
			one = l.list[i+1]
		}
		kept = append(kept, one)
	}
	kept = append(kept, l.list[last])
	clear(l.list[len(kept):]) // what has gone is not held by the array
	l.list, l.cells = kept, 0
	for i := range kept {
		l.cells += len(kept[i].cells)
	}
}

func lookAt(s *mem.Sample, p mem.Process, at int64) look {
	l := ledger.Build(s, p)
	return look{at: at, res: l.RES, parts: l.Parts, cells: cellsOf(s)}
}

// layerOf is the part that a leaf is drawn with: two levels of the ledger, which
// the JSON contract names.
func layerOf(id string) string {
	family, rest, split := strings.Cut(id, ".")
	if !split {
		return family
	}
	name, _, _ := strings.Cut(rest, ".")
	return family + "." + name
}

// layers sums the leaves of one look.
func (l *look) layers() map[string]int64 {
	parents := map[string]bool{}
	for _, p := range l.parts {
		parents[p.Parent] = true
	}
	out := map[string]int64{}
	for _, p := range l.parts {
		if !parents[p.ID] {
			out[layerOf(p.ID)] += p.Bytes
		}
	}
	return out
}
