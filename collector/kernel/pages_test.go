package kernel

import (
	"errors"
	"os"
	"runtime"
	"slices"
	"testing"

	"golang.org/x/sys/unix"

	"whyres/collector/mem"
)

// told is a run that Pages tells of.
type told struct {
	mem.Range
	Kind mem.PageKind
}

func tellPages(t *testing.T, p *Process, ranges ...mem.Range) (out []told) {
	t.Helper()
	if err := p.Pages(ranges, func(r mem.Range, kind mem.PageKind) { out = append(out, told{r, kind}) }); err != nil {
		t.Fatal(err)
	}
	return out
}

func TestPagesByConstruction(t *testing.T) {
	page := os.Getpagesize()
	data, at := region(t, 64*page)
	if err := unix.Madvise(data, unix.MADV_NOHUGEPAGE); err != nil && !errors.Is(err, unix.EINVAL) {
		t.Fatal(err)
	}
	for i := 8; i < 24; i++ { // 8-24 written
		data[i*page] = 1
	}
	var sink byte
	for i := 24; i < 40; i++ { // 24-40 only read: zero pages
		sink += data[i*page]
	}
	runtime.KeepAlive(sink) // or the compiler reads nothing
	want := []told{{pages(at, 8, 24), mem.PageSmall}, {pages(at, 24, 40), mem.PageZero}}
	for _, opts := range []Options{{}, {PagemapReads: true}} {
		p := openSelf(t, opts)
		if got := tellPages(t, p, at); !slices.Equal(got, want) {
			t.Errorf("%s: %v, want %v", p.ResidentWay(), got, want)
		}
		// A run ends at the border of two ranges.
		want := []told{{pages(at, 8, 10), mem.PageSmall}, {pages(at, 10, 24), mem.PageSmall}, {pages(at, 24, 25), mem.PageZero}}
		if got := tellPages(t, p, pages(at, 0, 10), pages(at, 10, 25)); !slices.Equal(got, want) {
			t.Errorf("%s: in two ranges %v, want %v", p.ResidentWay(), got, want)
		}
	}
}

// Three huge pages: one whole, one split by a release, one only read. The oracle
// for what is huge is smaps' AnonHugePages of the mapping.
func TestPagesOfHugePages(t *testing.T) {
	const huge = 2 << 20
	if thp := Default().thp(); thp != "always" && thp != "madvise" {
		t.Skip("transparent huge pages are ", thp)
	}
	data, at := region(t, 5*huge)
	skip := int(-at.Start & (huge - 1))
	data, at = data[skip:skip+4*huge], mem.RangeAt(at.Start+mem.Addr(skip), 4*huge)
	if err := unix.Madvise(data, unix.MADV_HUGEPAGE); err != nil {
		t.Skip("MADV_HUGEPAGE: ", err)
	}
	data[0], data[huge] = 1, 1
	sink := data[3*huge]    // the huge zero page
	runtime.KeepAlive(sink) // or the compiler reads nothing
	// khugepaged must keep off; the huge pages that are there stay.
	if err := unix.Madvise(data, unix.MADV_NOHUGEPAGE); err != nil {
		t.Fatal(err)
	}
	if err := unix.Madvise(data[huge+huge/2:2*huge], unix.MADV_DONTNEED); err != nil {
		t.Fatal(err)
	}
	p := openSelf(t, Options{})
	if n := anonHuge(t, p, at); n != huge {
		t.Skipf("the kernel gave %d bytes of huge pages", n)
	}
	page := os.Getpagesize()
	want := []told{
		{pages(at, 0, huge/page), mem.PageHuge},
		{pages(at, huge/page, huge/page*3/2), mem.PageSmall},
		{pages(at, 3*huge/page, 4*huge/page), mem.PageZero},
	}
	got := tellPages(t, p, at)
	if p.ResidentWay() != WayScan {
		t.Skip("this kernel tells nothing of huge pages")
	}
	if !slices.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
	// Resident joins what differs in kind only.
	var runs []mem.Range
	if err := p.Resident([]mem.Range{at}, func(r mem.Range) { runs = append(runs, r) }); err != nil {
		t.Fatal(err)
	}
	if want := []mem.Range{pages(at, 0, huge/page*3/2)}; !slices.Equal(runs, want) {
		t.Errorf("resident %v, want %v", runs, want)
	}
}

// anonHuge is AnonHugePages of the mappings in the range.
func anonHuge(t *testing.T, p *Process, at mem.Range) (sum uint64) {
	t.Helper()
	m, err := p.Smaps()
	if err != nil {
		t.Fatal(err)
	}
	for _, v := range m.VMAs {
		if !v.Intersect(at).Empty() {
			sum += v.AnonHugePages
		}
	}
	return sum
}
