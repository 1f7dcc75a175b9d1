package report

import (
	"math/rand/v2"
	"testing"

	"whyres/collector/mem"
)

const piece = 4 << 20

// heapSample is a full sample with a heap of so many pieces, in one mapping that has
// more beside them, and a file.
func heapSample(random *rand.Rand, pieces int) *mem.Sample {
	p := &mem.GoPages{ChunkBytes: piece, Arenas: []mem.Range{mem.RangeAt(0xc000000000, uint64(pieces)*piece)}}
	var resident uint64
	for i := range pieces {
		c := mem.GoChunk{At: 0xc000000000 + mem.Addr(i)*piece}
		left := uint64(piece)
		for _, s := range []*mem.Share{&c.InUse, &c.Stacks, &c.Idle, &c.Released} {
			s[0] = random.Uint64N(left + 1)
			s[1] = random.Uint64N(s[0] + 1)
			left -= s[0]
			resident += s[1]
		}
		p.Chunks = append(p.Chunks, c)
	}
	const beside, file = 12345, 54321
	return &mem.Sample{Smaps: &mem.Smaps{}, Pages: p, VMAs: []mem.VMA{
		{Range: mem.RangeAt(0x400000, 1<<20), Perms: "r-xp", Path: "/bin/x", Rss: file},
		{Range: mem.RangeAt(0xc000000000, uint64(pieces)*piece+1<<20), Perms: "rw-p", Rss: resident + beside},
		{Range: mem.RangeAt(0x7f0000000000, 64<<20), Perms: "---p"},
	}}
}

// However many pieces a heap has, its rows sum to them, and all rows to smaps.
func TestSpaceSumsToSmaps(t *testing.T) {
	for _, pieces := range []int{1, 5, 48, 49, 500} {
		random := rand.New(rand.NewPCG(uint64(pieces), 1))
		var list []look
		var samples []*mem.Sample
		for range 3 {
			s := heapSample(random, pieces)
			samples = append(samples, s)
			list = append(list, look{cells: cellsOf(s)})
		}
		rows := rowsOf(list)
		heap := 0
		for at, s := range samples {
			var want, got, mapped int64
			for _, v := range s.VMAs {
				want += int64(v.Rss)
			}
			var sum, uses use
			for i := range s.Pages.Chunks {
				sum.add(&s.Pages.Chunks[i])
			}
			for i := range rows {
				got += max(rows[i].resident[at], 0)
				mapped += max(rows[i].mapped[at], 0)
				if u := rows[i].uses; u != nil {
					heap++
					uses.inUse += u[at].inUse
					uses.stacks += u[at].stacks
					uses.idle += u[at].idle
					uses.idleResident += u[at].idleResident
					uses.released += u[at].released
					uses.releasedResident += u[at].releasedResident
				}
			}
			if got != want || uses != sum {
				t.Errorf("%d pieces: the rows have %d resident of %d, and %+v of %+v", pieces, got, want, uses, sum)
			}
			if least := int64(1<<20 + pieces*piece); mapped < sum.inUse+sum.stacks+sum.idle+sum.released || mapped > least+1<<20 {
				t.Errorf("%d pieces: %d mapped", pieces, mapped)
			}
		}
		if heap/3 > maxHeapRows || heap == 0 {
			t.Errorf("%d pieces: %d rows of the heap", pieces, heap/3)
		}
		for i := 1; i < len(rows); i++ {
			if rows[i].Start < rows[i-1].Start && rows[i].rest == 0 {
				t.Errorf("rows out of order: %v after %v", rows[i].Range, rows[i-1].Range)
			}
		}
	}
}

// A mapping that grows stays one row; what is too little for a row of its own is in
// the last one, and nothing is lost.
func TestSpaceRowsOverTime(t *testing.T) {
	var list []look
	for at := range 4 {
		l := look{cells: []cell{{Range: mem.RangeAt(0x10000, uint64(at+1)*4096), owner: ownerOther, mapped: int64(at+1) * 4096, resident: int64(at) * 4096}}}
		for i := range 100 {
			l.cells = append(l.cells, cell{Range: mem.RangeAt(mem.Addr(0x100000+i*0x10000), 4096), owner: ownerOther, mapped: 4096, resident: int64(i)})
		}
		list = append(list, l)
	}
	rows := rowsOf(list)
	if len(rows) != maxRows || rows[0].Len() != 4*4096 || rows[0].resident[3] != 3*4096 || rows[0].mapped[1] != 2*4096 {
		t.Fatalf("%d rows, the first %+v", len(rows), rows[0])
	}
	last := rows[len(rows)-1]
	if last.rest != 101-maxRows+1 {
		t.Errorf("the last row stands for %d", last.rest)
	}
	for at := range list {
		var want, got int64
		for _, c := range list[at].cells {
			want += c.resident
		}
		for i := range rows {
			got += max(rows[i].resident[at], 0)
		}
		if got != want {
			t.Errorf("look %d: %d resident of %d", at, got, want)
		}
	}
}
