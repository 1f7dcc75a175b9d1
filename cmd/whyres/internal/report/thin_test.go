package report

import (
	"math/rand/v2"
	"testing"

	"whyres/collector/mem"
)

// However many full samples there are, the first, the last and the one with the most
// RES are drawn, in order.
func TestLooksKeepTheirEnds(t *testing.T) {
	random := rand.New(rand.NewPCG(7, 7))
	for _, limit := range []int{2, 3, 60} {
		for n := 1; n < 5*limit; n++ {
			l := looks{limit: limit}
			var most int64
			for i := range n {
				res := random.Int64N(1 << 30)
				most = max(most, res)
				l.add(look{at: int64(i), res: res})
			}
			l.finish()
			var seen int64
			before := int64(-1)
			for _, one := range l.list {
				if one.at <= before {
					t.Fatalf("%d of %d: a look at %d after one at %d", limit, n, one.at, before)
				}
				before, seen = one.at, max(seen, one.res)
			}
			if l.list[0].at != 0 || before != int64(n-1) || seen != most {
				t.Fatalf("%d of %d: from %d to %d, at most %d of %d", limit, n, l.list[0].at, before, seen, most)
			}
			if len(l.list) > 2*limit {
				t.Fatalf("%d of %d: %d looks", limit, n, len(l.list))
			}
		}
	}
}

// A mapping that stands last and is the largest has a row of its own, where the
// others are all alike.
func TestLargestMappingHasItsRow(t *testing.T) {
	const small, large = 4096, 1 << 30
	for _, n := range []int{maxRows - 1, maxRows, maxRows + 1, 3 * maxRows} {
		s := &mem.Sample{Smaps: &mem.Smaps{}}
		for i := range n {
			s.VMAs = append(s.VMAs, mem.VMA{Range: mem.RangeAt(mem.Addr(i+1)<<32, small), Perms: "rw-p", Rss: small})
		}
		s.VMAs = append(s.VMAs, mem.VMA{Range: mem.RangeAt(0x7f0000000000, large), Perms: "rw-p", Rss: large})
		rows := rowsOf([]look{{cells: cellsOf(s)}})
		own := 0
		for i := range rows {
			if rows[i].rest == 0 && rows[i].peak == large {
				own++
			}
		}
		if own != 1 || len(rows) > maxRows {
			t.Errorf("%d small ones: %d rows, %d of the largest", n, len(rows), own)
		}
	}
}

// The looks at a heap of many pieces are thinned by these too, to no fewer than a few.
func TestLooksAtLargeHeapsAreBounded(t *testing.T) {
	for _, pieces := range []int{2000, 50_000} {
		l := looks{limit: maxLooks}
		most := 0
		for i := range 1000 {
			l.add(look{at: int64(i), res: int64(i % 7), cells: make([]cell, pieces)})
			held := 0
			for _, one := range l.list {
				held += len(one.cells)
			}
			most = max(most, held)
		}
		if allowed := max(maxCells, fewestCut*pieces) + pieces; most > allowed {
			t.Errorf("%d pieces a look: %d are held, at most %d", pieces, most, allowed)
		}
		if n := len(l.list); n < fewestCut/2 || l.list[0].at != 0 || l.list[n-1].at != 999 {
			t.Errorf("%d pieces a look: %d looks, the last at %d", pieces, n, l.list[n-1].at)
		}
	}
}
