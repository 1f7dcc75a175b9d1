package goruntime

import (
	"encoding/binary"
	"math/rand/v2"
	"os"
	"reflect"
	"slices"
	"testing"
	"unsafe"

	"golang.org/x/sys/unix"

	"whyres/collector/mem"
)

// TestDivideSpan: one span of 16 KiB (4 halves of pages), counted by hand.
func TestDivideSpan(t *testing.T) {
	const k = 1 << 10
	for _, tt := range []struct {
		name      string
		in        mem.Amount
		allocated uint64
		want      mem.Amount
		either    uint64
	}{
		{"resident throughout", mem.Amount{Bytes: 16 * k, Resident: 16 * k}, 10 * k, mem.Amount{Bytes: 10 * k, Resident: 10 * k}, 0},
		{"not resident", mem.Amount{Bytes: 16 * k}, 10 * k, mem.Amount{Bytes: 10 * k}, 0},
		// 8 KiB resident: at least 2 of them are objects, as only 6 are holes.
		{"half", mem.Amount{Bytes: 16 * k, Resident: 8 * k}, 10 * k, mem.Amount{Bytes: 10 * k, Resident: 8 * k}, 6 * k},
		{"more than the objects", mem.Amount{Bytes: 16 * k, Resident: 12 * k}, 10 * k, mem.Amount{Bytes: 10 * k, Resident: 10 * k}, 4 * k},
		{"a large object", mem.Amount{Bytes: 16 * k, Resident: 8 * k}, 16 * k, mem.Amount{Bytes: 16 * k, Resident: 8 * k}, 0},
		{"no objects", mem.Amount{Bytes: 16 * k, Resident: 8 * k}, 0, mem.Amount{}, 0},
		{"huge", mem.Amount{Bytes: 16 * k, Resident: 16 * k, Huge: 16 * k}, 10 * k, mem.Amount{Bytes: 10 * k, Resident: 10 * k, Huge: 10 * k}, 0},
		{"zero pages", mem.Amount{Bytes: 16 * k, Resident: 4 * k, Zero: 12 * k}, 10 * k, mem.Amount{Bytes: 10 * k, Resident: 4 * k, Zero: 6 * k}, 4 * k},
		{"more than the span holds", mem.Amount{Bytes: 16 * k, Resident: 16 * k}, 20 * k, mem.Amount{Bytes: 16 * k, Resident: 16 * k}, 0},
	} {
		if got, either := divideSpan(tt.in, tt.allocated); got != tt.want || either != tt.either {
			t.Errorf("%s: %+v, %d; want %+v, %d", tt.name, got, either, tt.want, tt.either)
		}
	}
}

// TestStacksAgainstNaive gives stacks at random, some of them nonsense, and
// compares each unit with a map of the units.
func TestStacksAgainstNaive(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	arenas := []mem.Range{{Start: 4 * chunkBytes, End: 5 * chunkBytes}, {Start: 5 * chunkBytes, End: 6 * chunkBytes}}
	m := newPageMap(arenas)
	for i := range m.states {
		if r.IntN(3) > 0 {
			m.states[i] = pageStack
		}
		m.behind[i] = halves(r.IntN(halvesCases))
	}
	s := newStacks(&m)
	naive := map[mem.Addr]stackUse{}
	for range 2000 {
		start := 4*chunkBytes + mem.Addr(r.IntN(2*chunkBytes/1024)*1024) - stackUnit
		stack := mem.RangeAt(start, uint64(r.IntN(20)*1024))
		use := stackUse(1 + r.IntN(3))
		if err := s.add(&m, stack, use); err != nil {
			t.Fatal(err)
		}
		if start%stackUnit != 0 || !slices.Contains([]uint64{2 << 10, 4 << 10, 8 << 10, 16 << 10}, stack.Len()) {
			continue // no stack begins there, or is so long
		}
		end := start/chunkBytes*chunkBytes + chunkBytes // no stack goes over the end of an arena
		whole := start >= 4*chunkBytes && stack.End <= end
		for a := start; whole && a < stack.End; a += stackUnit {
			page, _ := m.pagesFrom(a)
			_, taken := naive[a]
			whole = !taken && m.states[page] == pageStack
		}
		for a := start; whole && a < stack.End; a += stackUnit {
			naive[a] = use
		}
	}
	var want [stackUses]mem.Amount
	for page, state := range m.states {
		if state != pageStack {
			continue
		}
		for unit := range 4 {
			a := arenas[0].Start + mem.Addr(page*pageSize+unit*stackUnit)
			w := &want[naive[a]]
			w.Bytes += stackUnit
			switch kind := m.behind[page] >> (2 * (unit / 2)) & 3; kind {
			case 1:
				w.Resident += stackUnit
			case 2:
				w.Resident += stackUnit
				w.Huge += stackUnit
			case 3:
				w.Zero += stackUnit
			}
		}
	}
	g := s.divide(&m)
	if got := [stackUses]mem.Amount{g.Free, g.Live, g.Dead, g.System}; got != want {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
}

func TestApart(t *testing.T) {
	r := func(start, end mem.Addr) mem.Range { return mem.Range{Start: start, End: end} }
	for _, tt := range []struct {
		name                string
		ranges, holes, want []mem.Range
	}{
		{"none", nil, nil, nil},
		{"order", []mem.Range{r(5, 6), r(1, 2)}, nil, []mem.Range{r(1, 2), r(5, 6)}},
		{"touching", []mem.Range{r(3, 5), r(1, 3)}, nil, []mem.Range{r(1, 5)}},
		{"one within another", []mem.Range{r(1, 9), r(2, 3), r(8, 10)}, nil, []mem.Range{r(1, 10)}},
		{"empty and inverted", []mem.Range{r(1, 1), r(9, 3)}, nil, nil},
		{"holes", []mem.Range{r(1, 10), r(12, 14)}, []mem.Range{r(0, 2), r(4, 5), r(9, 13)}, []mem.Range{r(2, 4), r(5, 9), r(13, 14)}},
		{"swallowed", []mem.Range{r(3, 4)}, []mem.Range{r(0, 9)}, nil},
	} {
		if got := apart(tt.ranges, tt.holes); !reflect.DeepEqual(got, tt.want) {
			t.Errorf("%s: %v, want %v", tt.name, got, tt.want)
		}
	}
}

// TestReleasedIsBounded: of too many runs the shortest are left out.
func TestReleasedIsBounded(t *testing.T) {
	const size = 8 << 30
	m := newPageMap([]mem.Range{{Start: chunkBytes, End: chunkBytes + size}})
	for i := range m.states {
		m.states[i] = pageStack
		if i%2 == 0 || i < 8 {
			m.states[i] = pageReleased
		}
	}
	want := []mem.Range{mem.RangeAt(chunkBytes, 9*pageSize)}
	if got := m.released(); !reflect.DeepEqual(got, want) {
		t.Errorf("%d runs, want %v", len(got), want)
	}
}

// TestListsEnd: lists in this process's own memory that lead in a circle, and
// into nothing.
func TestListsEnd(t *testing.T) {
	pages, err := unix.Mmap(-1, 0, 4096, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_PRIVATE|unix.MAP_ANON)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = unix.Munmap(pages) })
	at := func(i int) uint64 { return uint64(uintptr(unsafe.Pointer(&pages[64*i]))) }
	for _, tt := range []struct {
		name string
		next [4]uint64
		want int
		err  bool
	}{
		{"to its end", [4]uint64{at(1), at(2), at(3), 0}, 4, false},
		{"back to the first", [4]uint64{at(1), at(2), at(0), 0}, 3, false},
		{"back to the second", [4]uint64{at(1), at(2), at(1), 0}, 10, false},
		{"to itself", [4]uint64{at(0), 0, 0, 0}, 1, false},
		{"into nothing", [4]uint64{at(1), 0x10, 0, 0}, 2, true},
	} {
		for i, next := range tt.next {
			binary.LittleEndian.PutUint64(pages[64*i+16:], next)
		}
		o := &owned{t: &Target{memory: memory{pid: os.Getpid()}}}
		err := o.list(at(0), 16, 64, 10)
		if len(o.ranges) != tt.want || (err != nil) != tt.err {
			t.Errorf("%s: %d blocks, %v; want %d", tt.name, len(o.ranges), err, tt.want)
		}
	}
}

// TestTornSpans: structs that are being changed have no pages.
func TestTornSpans(t *testing.T) {
	l := spanLayout{size: 64, start: 0, npages: 8, state: 16, elemsize: 24, allocCount: 32, nelems: 40, class: 48}
	for _, tt := range []struct {
		name                            string
		npages, elemsize, count, nelems uint64
		class                           byte
		want                            uint32
	}{
		{"sound", 1, 1024, 3, 8, 10, 1},
		{"more objects than slots", 1, 1024, 9, 8, 10, 0},
		{"more slots than room", 1, 1024, 3, 9, 10, 0},
		{"slots beyond 2^64", 1, 1 << 60, 0, 16, 10, 0},
		{"small objects in a long span", 1000, 1024, 3, 8, 10, 0},
		{"a large object", 1000, 1000 * pageSize, 1, 1, 0, 1000},
		{"longer than any heap", 1 << 40, 0, 1, 1, 0, 0},
	} {
		b := make([]byte, l.size)
		binary.LittleEndian.PutUint64(b[l.npages:], tt.npages)
		binary.LittleEndian.PutUint64(b[l.elemsize:], tt.elemsize)
		binary.LittleEndian.PutUint16(b[l.allocCount:], uint16(tt.count))
		binary.LittleEndian.PutUint64(b[l.nelems:], tt.nelems)
		b[l.state], b[l.class] = spanInUse, tt.class<<1
		if s, ok := l.parse(b); !ok || s.npages != tt.want {
			t.Errorf("%s: %+v, %v; want %d pages", tt.name, s, ok, tt.want)
		}
	}
}
