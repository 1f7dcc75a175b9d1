package goruntime

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"whyres/collector/mem"
)

// checkPages compares the pages' sums with what the target said. lazyFree is
// what the kernel says that it may take when it needs memory (MADV_FREE).
func checkPages(p *mem.GoPages, said map[string]uint64, lazyFree uint64) (problems []string) {
	problem := func(format string, args ...any) { problems = append(problems, fmt.Sprintf(format, args...)) }
	if !p.Agrees {
		problem("Agrees is false, of a process at rest")
	}
	for _, sum := range []struct {
		name      string
		got, want uint64
	}{
		{"InUse, HeapInuse", p.InUse.Bytes, said["HeapInuse"]},
		{"Stacks, StackInuse", p.Stacks.Bytes, said["StackInuse"]},
		{"Idle", p.Idle.Bytes, said["HeapIdle"] - said["HeapReleased"]},
		{"Released + Reserved, HeapReleased", p.Released.Bytes + p.Reserved.Bytes, said["HeapReleased"]},
	} {
		if sum.got != sum.want {
			problem("%s: %d, ReadMemStats says %d", sum.name, sum.got, sum.want)
		}
	}
	for name, a := range map[string]mem.Amount{
		"InUse": p.InUse, "Stacks": p.Stacks, "Manual": p.Manual, "Idle": p.Idle, "Released": p.Released, "Reserved": p.Reserved,
	} {
		if a.Resident > a.Bytes {
			problem("%s: %d of %d bytes resident", name, a.Resident, a.Bytes)
		}
	}
	// The target has written every byte of what it keeps.
	if p.InUse.Resident < said["Kept"] {
		problem("InUse: %d of %d bytes resident, but the target keeps %d", p.InUse.Resident, p.InUse.Bytes, said["Kept"])
	}
	// Without huge pages nothing of what was released is back. The kernel marks
	// pages as lazily free in batches of up to 31 a CPU, and some may be in use
	// anew, but not yet written.
	slack := uint64(31 * runtime.NumCPU() * os.Getpagesize())
	if lazyFree == 0 {
		slack = 0
	}
	if p.Released.Resident+slack < lazyFree || p.Released.Resident > lazyFree+slack {
		problem("Released: %d of %d bytes resident, of which the kernel counts %d as lazily free",
			p.Released.Resident, p.Released.Bytes, lazyFree)
	}
	if p.Dense.Bytes > p.Idle.Bytes {
		problem("Dense %d is more than Idle %d", p.Dense.Bytes, p.Idle.Bytes)
	}
	return problems
}

// lazyFreeOf is LazyFree of /proc/PID/smaps_rollup, in bytes.
func lazyFreeOf(t testing.TB, pid int) uint64 {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("/proc", itoa(pid), "smaps_rollup"))
	if err != nil {
		t.Fatal(err)
	}
	_, rest, ok := strings.Cut(string(b), "\nLazyFree:")
	var kib uint64
	if n, err := fmt.Sscan(rest, &kib); !ok || n != 1 {
		t.Fatalf("no LazyFree in smaps_rollup: %v", err)
	}
	return kib << 10
}

// TestPageMapAgainstNaive compares random bitmaps and runs with a map of pages.
func TestPageMapAgainstNaive(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	arenas := []mem.Range{{Start: 4 * chunkBytes, End: 6 * chunkBytes}, {Start: 9 * chunkBytes, End: 10 * chunkBytes}}
	m := newPageMap(arenas)
	naive := map[mem.Addr]pageState{}
	for _, a := range arenas {
		for start := a.Start; start < a.End; start += chunkBytes {
			var alloc, scav [chunkPages / 8]byte
			for i := range alloc {
				alloc[i], scav[i] = byte(r.Uint32()), byte(r.Uint32())
			}
			dense := r.IntN(2) == 0
			m.markChunk(start, alloc[:], scav[:], dense)
			for i := range chunkPages {
				a := start + mem.Addr(i*pageSize)
				switch {
				case alloc[i/8]>>(i%8)&1 != 0:
					naive[a] = pageReserved
				case scav[i/8]>>(i%8)&1 != 0:
					naive[a] = pageReleased
				case dense:
					naive[a] = pageDense
				default:
					naive[a] = pageIdle
				}
			}
		}
	}
	behind := map[mem.Addr]mem.PageKind{}
	for range 200 {
		run := mem.RangeAt(mem.Addr(r.IntN(11*chunkBytes/4096)*4096), uint64(r.IntN(500)*4096))
		kind := mem.PageKind(r.IntN(3))
		m.setBehind(run, kind)
		for a := run.Start; a < run.End; a += 4096 {
			behind[a] = kind
		}
	}
	var want [pageStates]mem.Amount
	for a, state := range naive {
		want[state].Bytes += pageSize
		for _, half := range []mem.Addr{a, a + 4096} {
			kind, present := behind[half]
			if present && kind != mem.PageZero {
				want[state].Resident += 4096
			}
			if present && kind == mem.PageHuge {
				want[state].Huge += 4096
			}
			if present && kind == mem.PageZero {
				want[state].Zero += 4096
			}
		}
	}
	for _, most := range []int{100, 3, 1} {
		got, chunks, size := m.pieces(most)
		if got != want {
			t.Errorf("amounts by state:\n got %v\nwant %v", got, want)
		}
		pieces := naivePieces(naive, behind, size)
		if len(chunks) != len(pieces) || len(chunks) > most {
			t.Errorf("%d chunks, want %d, %d at most", len(chunks), len(pieces), most)
		}
		for i, c := range chunks {
			if c != pieces[c.At] || i > 0 && c.At <= chunks[i-1].At {
				t.Errorf("a chunk of %d:\n got %+v\nwant %+v", size, c, pieces[c.At])
			}
		}
	}
}

// naivePieces sorts pages into pieces of a size, one by one.
func naivePieces(naive map[mem.Addr]pageState, behind map[mem.Addr]mem.PageKind, size uint64) map[mem.Addr]mem.GoChunk {
	pieces := map[mem.Addr]mem.GoChunk{}
	for a, state := range naive {
		at := a - a%mem.Addr(size)
		c := pieces[at]
		c.At = at
		share := map[pageState]*mem.Share{
			pageInUse: &c.InUse, pageStack: &c.Stacks, pageManual: &c.Stacks, pageIdle: &c.Idle, pageDense: &c.Idle,
			pageReleased: &c.Released, pageReserved: &c.Reserved,
		}[state]
		share[0] += pageSize
		for _, half := range []mem.Addr{a, a + 4096} {
			if kind, present := behind[half]; present && kind != mem.PageZero {
				share[1] += 4096
			}
		}
		pieces[at] = c
	}
	return pieces
}

func TestPieceBytes(t *testing.T) {
	const gib = 1 << 30
	for _, tt := range []struct {
		name   string
		arenas []mem.Range
		want   uint64
	}{
		{"no heap", nil, chunkBytes},
		{"small", []mem.Range{mem.RangeAt(0xc000000000, 64<<20)}, chunkBytes},
		{"8 GiB", []mem.Range{mem.RangeAt(0xc000000000, 8*gib)}, chunkBytes},
		{"one chunk more", []mem.Range{mem.RangeAt(0xc000000000, 8*gib+chunkBytes)}, 2 * chunkBytes},
		{"16 GiB, but not at 8 MiB", []mem.Range{mem.RangeAt(0xc000000000+chunkBytes, 16*gib)}, 4 * chunkBytes},
		{"64 GiB", []mem.Range{mem.RangeAt(0xc000000000, 64*gib)}, 8 * chunkBytes},
		{"to the end of the address space", []mem.Range{{Start: 1<<64 - 4*gib, End: 1<<64 - chunkBytes}}, chunkBytes},
	} {
		if got := pieceBytes(tt.arenas, maxPieces); got != tt.want {
			t.Errorf("%s: %d MiB, want %d MiB", tt.name, got>>20, tt.want>>20)
		}
	}
	// Single chunks, 16 MiB apart: pieces are joined only above that.
	var apart []mem.Range
	for i := range mem.Addr(2 * maxPieces) {
		apart = append(apart, mem.RangeAt(i*4*chunkBytes, chunkBytes))
	}
	if got := pieceBytes(apart, maxPieces); got != 8*chunkBytes {
		t.Errorf("apart: %d MiB, want 32 MiB", got>>20)
	}
}

func TestMarkSpan(t *testing.T) {
	base := mem.Addr(7 * chunkBytes)
	m := newPageMap([]mem.Range{{Start: base, End: base + chunkBytes}})
	var alloc, scav [chunkPages / 8]byte
	alloc[0] = 0b0000_1111
	m.markChunk(base, alloc[:], scav[:], false)
	for _, tt := range []struct {
		name   string
		start  mem.Addr
		npages uint64
		want   bool
		wrong  uint64
	}{
		{"an allocated run", base, 2, true, 0},
		{"a page twice", base + pageSize, 1, false, 1},
		{"one page that is free", base + 3*pageSize, 2, true, 1},
		{"no page", base + 2*pageSize, 0, false, 1},
		{"beyond the arena", base + 2*pageSize, 1 << 60, false, 510},
		{"outside", 0x1000, 1, false, 1},
		{"not at a page", base + 2*pageSize + 8, 1, false, 1},
	} {
		if got, wrong := m.markSpan(tt.start, tt.npages, pageInUse); got != tt.want || wrong != tt.wrong {
			t.Errorf("%s: %v, %d wrong; want %v, %d", tt.name, got, wrong, tt.want, tt.wrong)
		}
	}
	if sum := m.sums(); sum[pageInUse] != 4*pageSize || sum[pageReserved] != pageSize {
		t.Errorf("after all: %v", sum)
	}
}

// TestHeldDense packs entries as scavChunkData.pack does.
func TestHeldDense(t *testing.T) {
	pack := func(inUse, lastInUse, flags, gen uint64) uint64 {
		return inUse | lastInUse<<16 | flags<<26 | gen<<32
	}
	for _, tt := range []struct {
		name   string
		packed uint64
		want   bool
	}{
		{"dense now", pack(496, 0, 1, 7), true},
		{"dense in the last cycle", pack(3, 512, 1, 7), true},
		{"sparse in both", pack(495, 495, 1, 7), false},
		{"dense a cycle ago, not touched since", pack(3, 512, 1, 6), false},
		{"dense and not touched since", pack(500, 0, 1, 6), true},
		{"nothing left to take", pack(512, 512, 0, 7), false},
	} {
		if got := heldDense(tt.packed, 7); got != tt.want {
			t.Errorf("%s: %v, want %v", tt.name, got, tt.want)
		}
	}
}

func TestCheckArenas(t *testing.T) {
	target := &Target{}
	for _, tt := range []struct {
		name   string
		arenas []mem.Range
		ok     bool
	}{
		{"none", nil, true},
		{"two", []mem.Range{{Start: chunkBytes, End: 2 * chunkBytes}, {Start: 2 * chunkBytes, End: 3 * chunkBytes}}, true},
		{"overlap", []mem.Range{{Start: chunkBytes, End: 3 * chunkBytes}, {Start: 2 * chunkBytes, End: 4 * chunkBytes}}, false},
		{"half a chunk", []mem.Range{{Start: chunkBytes, End: chunkBytes + 4096}}, false},
		{"inverted", []mem.Range{{Start: 2 * chunkBytes, End: chunkBytes}}, false},
		{"65 GiB", []mem.Range{{Start: chunkBytes, End: chunkBytes + 65<<30}}, false},
	} {
		if err := target.checkArenas(tt.arenas); (err == nil) != tt.ok {
			t.Errorf("%s: %v", tt.name, err)
		}
	}
}

// staysHonest reads a target while it allocates and frees: no error, and what is
// marked as agreeing is not torn.
func staysHonest(t *testing.T, c child) {
	t.Helper()
	target, err := Open("/proc", c.pid)
	if err != nil {
		t.Fatal(err)
	}
	agreed, torn, retries := 0, 0, 0
	var off []uint64
	var worst time.Duration
	for range 50 {
		start := time.Now()
		heap, err := target.Walk(WalkOptions{Resident: pagemapKinds(t, c.pid), Sizes: true})
		worst = max(worst, time.Since(start))
		if err != nil {
			t.Fatal(err)
		}
		s, pages := heap.Stats, heap.Pages
		if pages.Agrees {
			agreed++
		} else {
			off = append(off, pages.Off)
		}
		if pages.Agrees == s.Torn || pages.Agrees != (pages.Off == 0) {
			t.Errorf("Agrees %v, Torn %v, Off %d", pages.Agrees, s.Torn, pages.Off)
		}
		checkSums(t, heap)
		if s, err = target.MemStats(); err != nil {
			t.Fatal(err)
		}
		if s.Torn {
			torn++
		}
		retries += s.Retries
	}
	slices.Sort(off)
	t.Logf("of 50 looks at a busy process: %d walks agreed, the others were off by %v bytes; the longest took %v; %d light samples were torn, %d retries",
		agreed, off, worst, torn, retries)
	marks, seen, err := target.GCMarks(GCSeen{})
	if err != nil {
		t.Fatal(err)
	}
	checkMarks(t, marks, seen)
}

// checkMarks: the marks are in order and number every GC.
func checkMarks(t *testing.T, marks []mem.Mark, seen GCSeen) {
	t.Helper()
	var next uint32 = 1
	var last mem.Instant
	for _, m := range marks {
		first := m.NumGC
		if m.First != 0 {
			first = m.First
		}
		if first != next || m.At <= last {
			t.Fatalf("mark %+v after GC %d at %d", m, next-1, last)
		}
		next, last = m.NumGC+1, m.At
	}
	if next != seen.NumGC+1 || last != seen.Last {
		t.Errorf("the last mark is GC %d at %d, seen %+v", next-1, last, seen)
	}
}
