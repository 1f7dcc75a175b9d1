package goruntime

import (
	"bytes"
	"encoding/binary"
	"errors"
	"os"
	"testing"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"

	"whyres/collector/goruntime/internal/layout"
	"whyres/collector/mem"
)

// ends runs what a hostile target is to make slow.
func ends(t *testing.T, name string, run func()) {
	t.Helper()
	began := time.Now()
	run()
	if took := time.Since(began); took > time.Second {
		t.Errorf("%s: took %v", name, took)
	}
}

// TestSpansThatAreOne: entries of allspans that all claim the same 4 GiB.
func TestSpansThatAreOne(t *testing.T) {
	const pages = 4 << 30 / pageSize
	arena := mem.Range{Start: chunkBytes, End: chunkBytes + 4<<30}
	for _, tt := range []struct {
		name  string
		state pageState
	}{
		{"objects, and the last page is taken", pageInUse},
		{"free ones of Go 1.12, which take no page", pageIdle},
		{"released ones", pageReleased},
	} {
		w := walk{pages: newPageMap([]mem.Range{arena})}
		w.pages.fill(arena, pageReserved)
		spans := []heapSpan{{start: arena.End - pageSize, npages: 1, state: pageInUse}}
		for range 2000 {
			spans = append(spans, heapSpan{start: arena.Start, npages: pages, state: tt.state})
		}
		ends(t, tt.name, func() { w.markSpans(spans) })
		if !w.endless || w.contradicted < 4<<30 || len(w.spans) != 1 {
			t.Errorf("%s: endless %v, %d contradicted, %d spans kept", tt.name, w.endless, w.contradicted, len(w.spans))
		}
	}
}

// TestSpansChangeHands: a heap that is full, of which a part is told twice, is
// looked at to its end.
func TestSpansChangeHands(t *testing.T) {
	arena := mem.Range{Start: chunkBytes, End: 2 * chunkBytes}
	w := walk{pages: newPageMap([]mem.Range{arena})}
	w.pages.fill(arena, pageReserved)
	spans := []heapSpan{{start: arena.Start, npages: 100, state: pageInUse}}
	for page := range mem.Addr(chunkPages) {
		spans = append(spans, heapSpan{start: arena.Start + page*pageSize, npages: 1, state: pageInUse})
	}
	w.markSpans(spans)
	if want := chunkPages - 100 + 1; w.endless || w.contradicted != 100*pageSize || len(w.spans) != want {
		t.Errorf("endless %v, %d contradicted, %d spans kept, want %d", w.endless, w.contradicted, len(w.spans), want)
	}
}

// TestStacksThatAreOne: goroutines that all claim 1 GiB whose last unit is
// another's, or is no stack.
func TestStacksThatAreOne(t *testing.T) {
	const gib = 1 << 30
	arena := mem.Range{Start: gib, End: 3 * gib}
	m := newPageMap([]mem.Range{arena})
	m.fill(mem.Range{Start: gib, End: 2*gib + pageSize}, pageStack)
	s := newStacks(&m)
	if err := s.add(&m, mem.RangeAt(2*gib-stackUnit, stackUnit), stackLive); err != nil {
		t.Fatal(err)
	}
	ends(t, "1 GiB", func() {
		var err error
		n := 0
		for ; n < 100_000 && err == nil; n++ {
			err = s.add(&m, mem.RangeAt(gib, gib), stackDead)
		}
		if !errors.Is(err, errEndless) || n < 2 || n > 5 {
			t.Errorf("%d claims, then %v", n, err)
		}
	})
	if g := s.divide(&m); g.Live.Bytes != stackUnit || g.Dead.Bytes != 0 {
		t.Errorf("%+v: of a stack that is another's in part nothing is given away", g)
	}
}

func TestIsStack(t *testing.T) {
	const k = 1 << 10
	for _, tt := range []struct {
		name        string
		start, size uint64
		want        bool
	}{
		{"the least", 2 * k, 2 * k, true},
		{"one that has grown", 6 * k, 64 * k, true},
		{"the most", 2 * k, 1 << 30, true},
		{"more", 2 * k, 2 << 30, false},
		{"too little", 2 * k, k, false},
		{"no power of two", 2 * k, 6 * k, false},
		{"not aligned", 3 * k, 2 * k, false},
		{"nothing", 2 * k, 0, false},
	} {
		if got := isStack(mem.RangeAt(mem.Addr(tt.start), tt.size)); got != tt.want {
			t.Errorf("%s: %v", tt.name, got)
		}
	}
	if isStack(mem.Range{Start: 4 * k, End: 2 * k}) {
		t.Error("one that ends before it begins")
	}
}

// ownMemory is memory of this process that a target can be made of.
func ownMemory(t *testing.T, size int) (b []byte, at uint64) {
	t.Helper()
	b, err := unix.Mmap(-1, 0, size, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_PRIVATE|unix.MAP_ANON)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = unix.Munmap(b) })
	return b, uint64(uintptr(unsafe.Pointer(&b[0])))
}

// Where threadTarget has what, in one page. An m is 64 bytes: g0, gsignal, curg,
// alllink. A g is 32: stack.lo, stack.hi, status.
const (
	allmAt, allgsAt, ptrsAt = 0, 8, 64
	mAt, mSize              = 1024, 64
	gAt, gSize              = 2048, 32
)

// threadTarget is a runtime of two ms with a g0 each, and of three gs.
func threadTarget(t *testing.T) (target *Target, w *walk, word func(at int, v uint64), base uint64) {
	t.Helper()
	b, base := ownMemory(t, 8*pageSize)
	start := (base + pageSize - 1) &^ (pageSize - 1)
	b = b[start-base:]
	word = func(at int, v uint64) { binary.LittleEndian.PutUint64(b[at:], v) }
	arena := mem.RangeAt(mem.Addr(start), 4*pageSize)
	w = &walk{arenas: []mem.Range{arena}, pages: newPageMap([]mem.Range{arena})}
	w.pages.fill(mem.RangeAt(arena.Start, pageSize), pageInUse)
	w.pages.fill(mem.RangeAt(arena.Start+pageSize, 3*pageSize), pageStack)
	g := func(i int, stack, status uint64) uint64 {
		at := gAt + i*gSize
		word(at, start+pageSize+stack*stackUnit)
		word(at+8, start+pageSize+(stack+1)*stackUnit)
		word(at+16, status)
		return start + uint64(at)
	}
	word(allmAt, start+mAt)
	word(mAt, g(0, 0, 0))
	word(mAt+24, start+mAt+mSize)
	word(mAt+mSize, g(1, 1, 0))
	word(allgsAt, start+ptrsAt)
	word(allgsAt+8, 3)
	word(ptrsAt, g(2, 2, 2))
	word(ptrsAt+8, g(3, 3, gDead))
	word(ptrsAt+16, g(4, 4, gDead))
	word(mAt+mSize+16, start+gAt+4*gSize) // the spare of the second m
	target = &Target{memory: memory{pid: os.Getpid()}, where: &where{
		addr: map[string]uint64{"allm": start + allmAt, "allgs": start + allgsAt},
		layout: layout.Layout{
			"m": mSize, "m.g0": 0, "m.gsignal": 8, "m.curg": 16, "m.alllink": 24,
			"g": gSize, "g.stack.lo": 0, "g.stack.hi": 8, "g.atomicstatus": 16,
		},
	}}
	return target, w, word, start
}

// TestThreadsUnknown: where the threads' list cannot be told, neither can what
// is nobody's: nothing is divided.
func TestThreadsUnknown(t *testing.T) {
	const none = 0x10
	for _, tt := range []struct {
		name   string
		change func(target *Target, word func(int, uint64), base uint64)
		known  bool
	}{
		{"sound", func(*Target, func(int, uint64), uint64) {}, true},
		{"back to the first", func(_ *Target, word func(int, uint64), base uint64) { word(mAt+mSize+24, base+mAt) }, false},
		{"to itself", func(_ *Target, word func(int, uint64), base uint64) { word(mAt+mSize+24, base+mAt+mSize) }, false},
		{"into nothing", func(_ *Target, word func(int, uint64), _ uint64) { word(mAt+mSize+24, none) }, false},
		{"a g0 that is not there", func(_ *Target, word func(int, uint64), _ uint64) { word(mAt, none) }, false},
		{"no allm", func(target *Target, _ func(int, uint64), _ uint64) { delete(target.where.addr, "allm") }, false},
		{"no allgs", func(target *Target, _ func(int, uint64), _ uint64) { delete(target.where.addr, "allgs") }, false},
		{"no layout of m", func(target *Target, _ func(int, uint64), _ uint64) { delete(target.where.layout, "m.alllink") }, false},
		{"allgs into nothing", func(_ *Target, word func(int, uint64), _ uint64) { word(allgsAt, none) }, false},
	} {
		target, w, word, base := threadTarget(t)
		tt.change(target, word, base)
		ends(t, tt.name, func() {
			s, err := target.readStacks(w)
			if err != nil || (s != nil) != tt.known {
				t.Errorf("%s: %+v, %v; want known %v", tt.name, s, err, tt.known)
			}
		})
	}
}

// TestSpareIsSystem: a dead goroutine that an m holds is no dead one; a g0 of
// which only the size is set has no stack.
func TestSpareIsSystem(t *testing.T) {
	target, w, word, _ := threadTarget(t)
	check := func(what string, system uint64) {
		t.Helper()
		s, err := target.readStacks(w)
		if err != nil || s == nil {
			t.Fatal(what, s, err)
		}
		g := s.divide(&w.pages)
		if g.Count != 1 || g.DeadCount != 1 || g.DeadHolding != 1 || g.Live.Bytes != stackUnit ||
			g.Dead.Bytes != stackUnit || g.System.Bytes != system*stackUnit || len(s.outside) != 0 {
			t.Errorf("%s: %+v, outside %v", what, g, s.outside)
		}
	}
	check("two g0s and a spare", 3)
	target.Binary.Cgo = true
	word(gAt, 0)
	word(gAt+8, 8<<20)
	check("a g0 without a beginning", 2)
}

// TestApartOfMany: as many ranges and holes as a target can have.
func TestApartOfMany(t *testing.T) {
	const n, holes = 400_000, maxRanges
	for _, tt := range []struct {
		name  string
		start func(i int) mem.Addr
		size  uint64
		want  int
	}{
		{"all below the holes", func(i int) mem.Addr { return mem.Addr(2 * i) }, 1, n},
		{"each over all holes", func(i int) mem.Addr { return mem.Addr(i) }, 1 << 32, holes + 1},
		{"all above the holes", func(i int) mem.Addr { return 1<<40 + mem.Addr(2*i) }, 1, n},
	} {
		ranges, between := make([]mem.Range, n), make([]mem.Range, holes)
		for i := range ranges {
			ranges[i] = mem.RangeAt(tt.start(i), tt.size)
		}
		for i := range between {
			between[i] = mem.RangeAt(1<<24+mem.Addr(16*i), 8)
		}
		ends(t, tt.name, func() {
			if got := apart(ranges, between); len(got) != tt.want {
				t.Errorf("%s: %d ranges, want %d", tt.name, len(got), tt.want)
			}
		})
	}
}

// countedReader counts the bytes read.
type countedReader struct {
	b []byte
	n int
}

func (c *countedReader) ReadAt(p []byte, off int64) (int, error) {
	n, err := bytes.NewReader(c.b).ReadAt(p, off)
	c.n += n
	return n, err
}

// TestFuncTableToAndFro: descriptions of functions that are never in the window
// that was read for the one before.
func TestFuncTableToAndFro(t *testing.T) {
	const functab, far = 128, 1 << 20
	table := make([]byte, functab+8*maxFuncs+2*far)
	binary.LittleEndian.PutUint32(table, magic120)
	table[7] = 8
	binary.LittleEndian.PutUint64(table[8:], maxFuncs)
	binary.LittleEndian.PutUint64(table[8+8*7:], functab)
	for i := range maxFuncs {
		binary.LittleEndian.PutUint32(table[functab+8*i+4:], uint32(i%2*far))
	}
	r := &countedReader{b: table}
	ends(t, "to and fro", func() {
		funcs, err := openFuncTable(r, func() uint64 { return 0x401000 }, 0)
		if err != nil {
			t.Fatal(err)
		}
		if found, err := funcs.find(clueFuncs()); !errors.Is(err, ErrDamaged) || len(found) != 0 {
			t.Errorf("found %v, %v; want ErrDamaged", found, err)
		}
	})
	if r.n > 128<<20 {
		t.Errorf("%d bytes read", r.n)
	}
}

// TestSpansOfPages: as many spans are believed as there may be in a heap of the
// size.
func TestSpansOfPages(t *testing.T) {
	const unmapped = 0x10 // where the entries are does not matter
	for _, tt := range []struct {
		name   string
		heap   uint64
		spans  uint64
		refuse bool
	}{
		{"a small heap, too many", 64 << 20, 1<<20 + 1, true},
		{"a large heap", 8 << 30, 4 << 20, false},
		{"a large heap, too many", 8 << 30, 4<<20 + 1, true},
		{"the largest heap, too many", 64 << 30, 16<<20 + 1, true},
	} {
		target := &Target{memory: memory{pid: os.Getpid()}, where: &where{layout: layout.Layout{"mspan": 160}}}
		p := &plan{arenas: []mem.Range{mem.RangeAt(chunkBytes, tt.heap)}, heads: make([]byte, 32)}
		binary.LittleEndian.PutUint64(p.heads, unmapped)
		binary.LittleEndian.PutUint64(p.heads[8:], tt.spans)
		ends(t, tt.name, func() {
			if err := target.planRows(p, nil); errors.Is(err, ErrHeapTooLarge) != tt.refuse {
				t.Errorf("%s: %v, want refused %v", tt.name, err, tt.refuse)
			}
		})
	}
}

// TestRowsOfOne: entries that are all the same span make one row of one struct.
func TestRowsOfOne(t *testing.T) {
	const size = 160
	ptrs := make([]byte, 8*1000)
	for i := range 1000 {
		binary.LittleEndian.PutUint64(ptrs[8*i:], 0x10000+size*uint64(i/500))
	}
	var p plan
	p.addRows(ptrs, size)
	if len(p.rows) != 1 || p.rows[0] != (span{0x10000, 2 * size}) {
		t.Errorf("%d rows, %v", len(p.rows), p.rows[:1])
	}
}
