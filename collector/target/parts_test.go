package target

import (
	"slices"
	"testing"

	"whyres/collector/mem"
)

const (
	kib = 1 << 10
	mib = 1 << 20
)

func between(start, end mem.Addr) mem.Range { return mem.Range{Start: start, End: end} }

func vma(start, end mem.Addr, perms string) mem.VMA {
	return mem.VMA{Range: between(start, end), Perms: perms, Rss: uint64(end - start)}
}

func TestClaimsKeepWhatTheyHave(t *testing.T) {
	var c claims
	c.add(between(100, 200), mem.OwnerRuntime)
	c.add(between(300, 400), mem.OwnerRuntime)
	c.add(between(50, 450), mem.OwnerThread) // around, between
	c.add(between(120, 180), mem.OwnerMalloc)
	c.add(between(440, 500), mem.OwnerMalloc)
	c.add(between(9, 9), mem.OwnerMalloc)
	want := claims{
		{between(50, 100), mem.OwnerThread},
		{between(100, 200), mem.OwnerRuntime},
		{between(200, 300), mem.OwnerThread},
		{between(300, 400), mem.OwnerRuntime},
		{between(400, 450), mem.OwnerThread},
		{between(450, 500), mem.OwnerMalloc},
	}
	if !slices.Equal(c, want) {
		t.Errorf("%v, want %v", c, want)
	}
	for a, owned := range map[mem.Addr]bool{49: false, 50: true, 399: true, 499: true, 500: false} {
		if c.owned(a) != owned {
			t.Errorf("%d is owned: %v", a, !owned)
		}
	}
}

// One mapping of three owners, and nobody's in between.
func TestParts(t *testing.T) {
	v := vma(0x1000, 0x9000, "rw-p")
	c := claims{
		{between(0, 0x2000), mem.OwnerRuntime},
		{between(0x3000, 0x5000), mem.OwnerMalloc},
		{between(0x5000, 0x6000), mem.OwnerRuntime},
		{between(0x9000, 0xa000), mem.OwnerThread},
	}
	runs := []run{
		{between(0x1800, 0x4000), mem.PageSmall},
		{between(0x4000, 0x4800), mem.PageHuge},
		{between(0x5000, 0x5800), mem.PageZero},
	}
	want := []mem.VMAPart{
		{Owner: mem.OwnerRuntime, Amount: mem.Amount{Bytes: 0x2000, Resident: 0x800, Zero: 0x800}},
		{Owner: mem.OwnerMalloc, Amount: mem.Amount{Bytes: 0x2000, Resident: 0x1800, Huge: 0x800}},
	}
	if got := c.parts(&v, runs); !slices.Equal(got, want) {
		t.Errorf("%+v, want %+v", got, want)
	}
	v.Rss = 0
	if got := c.parts(&v, nil); len(got) != 1 || got[0].Owner != mem.OwnerRuntime {
		t.Errorf("of a mapping with nothing resident: %+v, want the runtime's alone", got)
	}
}

// memory is made up: words by address; all else reads as zero.
type memory map[mem.Addr]uint64

func (m memory) put(at mem.Addr, words ...uint64) {
	for i, w := range words {
		m[at+mem.Addr(8*i)] = w
	}
}

func (m memory) read(at []mem.Addr, n int, visit func(mem.Addr, []uint64)) error {
	for _, a := range at {
		words := make([]uint64, n)
		for i := range words {
			words[i] = m[a+mem.Addr(8*i)]
		}
		visit(a, words)
	}
	return nil
}

const usual = 8 * mib

func TestStacks(t *testing.T) {
	const base mem.Addr = 0x7f0000000000
	guard := func(at mem.Addr) mem.VMA { return vma(at, at+4*kib, "---p") }
	pthread := func(start, end mem.Addr) []uint64 { // guard included
		return []uint64{uint64(start - 4*kib), uint64(end - start + 4*kib), 4 * kib}
	}
	for _, c := range []struct {
		name string
		vmas []mem.VMA
		sps  []mem.Addr
		told memory
		want []mem.Range
	}{
		{
			"as it is usual, with no thread to tell",
			[]mem.VMA{guard(base), vma(base+4*kib, base+4*kib+usual, "rw-p")},
			nil, nil,
			[]mem.Range{between(base+4*kib, base+4*kib+usual)},
		},
		{
			"no guard, no thread",
			[]mem.VMA{vma(base, base+usual, "rw-p")},
			nil, nil, nil,
		},
		{
			"an odd size: its thread's pointer lies in it",
			[]mem.VMA{guard(base), vma(base+4*kib, base+mib, "rw-p")},
			[]mem.Addr{base + mib - 4000},
			nil,
			[]mem.Range{between(base+4*kib, base+mib)},
		},
		{
			"an odd size, and no thread's pointer",
			[]mem.VMA{guard(base), vma(base+4*kib, base+mib, "rw-p")},
			nil, nil, nil,
		},
		{
			"an odd size of a thread that has ended: glibc's record",
			[]mem.VMA{guard(base), vma(base+4*kib, base+mib, "rw-p")},
			nil,
			memory{}.with(base+mib-0x2b0, pthread(base+4*kib, base+mib)...),
			[]mem.Range{between(base+4*kib, base+mib)},
		},
		{
			"joined with a neighbour above: glibc's record",
			[]mem.VMA{guard(base), vma(base+4*kib, base+20*mib, "rw-p")},
			[]mem.Addr{base + mib - 9000},
			memory{}.with(base+mib-0x2b0, pthread(base+4*kib, base+mib)...),
			[]mem.Range{between(base+4*kib, base+mib)},
		},
		{
			"joined, and no record: as long as is usual",
			[]mem.VMA{guard(base), vma(base+4*kib, base+20*mib, "rw-p")},
			[]mem.Addr{base + usual - 9000},
			nil,
			[]mem.Range{between(base+4*kib, base+4*kib+usual)},
		},
		{
			"guards within a mapping (glibc 2.42): two stacks",
			[]mem.VMA{vma(base, base+4*mib, "rw-p")},
			[]mem.Addr{base + mib - 5000, base + 3*mib - 5000},
			memory{}.with(base+mib-0x2b0, pthread(base+4*kib, base+mib)...).with(base+3*mib-0x2b0, pthread(base+2*mib, base+3*mib)...),
			[]mem.Range{between(base+4*kib, base+mib), between(base+2*mib, base+3*mib)},
		},
		{
			"a record that does not fit the mapping",
			[]mem.VMA{vma(base, base+4*mib, "rw-p")},
			[]mem.Addr{base + mib - 5000},
			memory{}.with(base+mib-0x2b0, pthread(base-64*mib, base+mib)...),
			nil,
		},
		{
			"a pointer into a named mapping, and into none",
			[]mem.VMA{{Range: between(base, base+mib), Perms: "rw-p", Path: "[stack]"}},
			[]mem.Addr{base + 100, 5},
			nil, nil,
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			var got claims
			f := stackFinder{vmas: c.vmas, read: c.told.read, limit: usual}
			f.find(c.sps, func(r mem.Range) { got.add(r, mem.OwnerThread) })
			var ranges []mem.Range
			for _, r := range got {
				ranges = append(ranges, r.Range)
			}
			if !slices.Equal(ranges, c.want) {
				t.Errorf("%v, want %v", ranges, c.want)
			}
		})
	}
}

func (m memory) with(at mem.Addr, words ...uint64) memory {
	m.put(at, words...)
	return m
}

func TestMalloc(t *testing.T) {
	const base mem.Addr = 0x7f0000000000 // a multiple of 64 MiB
	m := memory{}
	// An arena: its first heap, full, and a second one, in use to 1 MiB.
	m.put(base, uint64(base+0x30), 0, 64*mib, 64*mib)
	m.put(base+64*mib, uint64(base+0x30), uint64(base), 512*kib, mib)
	// Behind it chunks: 200 KiB, 3 MiB, then a hole of nobody's, then one more.
	chunks := base + 65*mib
	m.put(chunks, 0, 200*kib|2)
	m.put(chunks+200*kib, 0, 3*mib|2)
	hole := chunks + 200*kib + 3*mib
	m.put(hole+64*kib, 0, 128*kib|2)
	end := hole + 64*kib + 128*kib
	// What looks like one and is none: too long for its mapping, no whole
	// pages, in use by an arena, not the first word.
	m.put(end, 0, 64*mib|2)
	m.put(end+4*kib, 0, 200*kib+16|2)
	m.put(end+8*kib, 0, 200*kib|1)
	m.put(end+12*kib, 1, 200*kib|2)
	v := vma(base, end+mib, "rw-p")
	var known claims
	f := mallocFinder{vmas: []mem.VMA{v}, present: []run{{v.Range, mem.PageSmall}}, read: m.read, known: &known}
	f.find()
	want := claims{
		{between(base, base+64*mib), mem.OwnerMalloc},
		{between(base+64*mib, base+65*mib), mem.OwnerMalloc},
		{between(chunks, chunks+200*kib), mem.OwnerMalloc},
		{between(chunks+200*kib, hole), mem.OwnerMalloc},
		{between(hole+64*kib, end), mem.OwnerMalloc},
	}
	if !slices.Equal(known, want) {
		t.Errorf("%v, want %v", known, want)
	}
}

func TestHeapSize(t *testing.T) {
	const at mem.Addr = 0x7f0000000000
	for name, words := range map[string][4]uint64{
		"nothing":              {},
		"sizes crossed":        {uint64(at) + 32, 0, 2 * mib, mib},
		"too long":             {uint64(at) + 32, 0, mib, 65 * mib},
		"no whole pages":       {uint64(at) + 32, 0, mib + 1, 2 * mib},
		"its arena elsewhere":  {1 << 40, 0, mib, mib},
		"its arena far inside": {uint64(at) + mib, 0, mib, mib},
		"before itself":        {1 << 40, uint64(at), mib, mib},
		"before at no heap":    {1 << 40, uint64(at) + 4096, mib, mib},
	} {
		if n, ok := heapSize(at, words[:]); ok {
			t.Errorf("%s: taken for a heap of %d", name, n)
		}
	}
}

// No words of a target may take the finders out of the mappings.
func FuzzFinders(f *testing.F) {
	f.Add([]byte{0, 0, 0, 0, 2, 0x20, 3}, uint64(0x7f0000001000))
	f.Fuzz(func(t *testing.T, bytes []byte, sp uint64) {
		const base mem.Addr = 0x7f0000000000
		m := memory{}
		for i, b := range bytes {
			m[base+mem.Addr(8*(i*37%4096))] = uint64(b)<<12 | uint64(b&3) | uint64(base)*uint64(b>>7)
		}
		vmas := []mem.VMA{vma(base-4*kib, base, "---p"), vma(base, base+mib, "rw-p"), vma(base+mib, base+2*mib, "rw-p")}
		var known claims
		s := stackFinder{vmas: vmas, read: m.read, limit: sp & 0xffffff}
		s.find([]mem.Addr{mem.Addr(sp), base + mem.Addr(sp%mib)}, func(r mem.Range) { known.add(r, mem.OwnerThread) })
		h := mallocFinder{vmas: vmas, present: []run{{between(base, base+2*mib), mem.PageSmall}}, read: m.read, known: &known}
		h.find()
		var last mem.Addr
		for _, c := range known {
			if c.Empty() || c.Start < last || c.Start < base || c.End > base+2*mib {
				t.Fatalf("%v of %v", c, known)
			}
			last = c.End
		}
	})
}
