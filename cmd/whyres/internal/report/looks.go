package report

import (
	"strings"

	"whyres/collector/ledger"
	"whyres/collector/mem"
)

// maxLooks is how many full samples a page shows.
const maxLooks = 600

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
	seen  int
}

func (l *looks) add(one look) {
	l.seen++
	l.list = append(l.list, one)
	if len(l.list) >= 2*l.limit {
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
	l.list = kept
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
