package kernel

import (
	"errors"
	"os"
	"runtime"
	"slices"
	"testing"
	"unsafe"

	"golang.org/x/sys/unix"

	"whyres/collector/mem"
)

// region maps anonymous memory of this very process.
func region(t testing.TB, size int) ([]byte, mem.Range) {
	t.Helper()
	data, err := unix.Mmap(-1, 0, size, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_ANON|unix.MAP_PRIVATE)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = unix.Munmap(data) })
	return data, mem.RangeAt(mem.Addr(uintptr(unsafe.Pointer(&data[0]))), uint64(size))
}

// touch makes size bytes resident for the rest of the test.
func touch(t testing.TB, size int) {
	t.Helper()
	data, _ := region(t, size)
	for i := 0; i < size; i += os.Getpagesize() {
		data[i] = 1
	}
}

// ways are the three ways of telling residency, each in a process of its own.
func ways(t *testing.T) map[Way]func(*testing.T, []mem.Range) ([]mem.Range, error) {
	t.Helper()
	collect := func(opts Options, want Way) func(*testing.T, []mem.Range) ([]mem.Range, error) {
		p := openSelf(t, opts)
		return func(t *testing.T, ranges []mem.Range) (got []mem.Range, err error) {
			t.Helper()
			err = p.Resident(ranges, func(r mem.Range) { got = append(got, r) })
			if p.ResidentWay() != want {
				t.Skipf("this system tells residency by %q, not %q", p.ResidentWay(), want)
			}
			return got, err
		}
	}
	out := map[Way]func(*testing.T, []mem.Range) ([]mem.Range, error){
		WayScan:      collect(Options{}, WayScan),
		WayFlags:     collect(Options{PagemapReads: true}, WayFlags),
		WayExclusive: nil,
	}
	out[WayExclusive] = func(t *testing.T, ranges []mem.Range) (got []mem.Range, err error) {
		t.Helper()
		f, err := os.Open("/proc/self/pagemap")
		if err != nil {
			return nil, err
		}
		defer f.Close()
		r := newPagemapReader(f, FS{proc: t.TempDir()}) // no kpageflags there
		err = each(ranges, func() (pageVisit, func()) {
			found := runs{visit: func(r mem.Range, _ mem.PageKind) { got = append(got, r) }}
			return func(r mem.Range, kind mem.PageKind) {
				if kind != mem.PageZero {
					found.add(r, kind)
				}
			}, found.flush
		}, r.readRange)
		if r.way() != WayExclusive {
			t.Errorf("way %q, want %q", r.way(), WayExclusive)
		}
		return got, err
	}
	return out
}

// pages names pages [from, to) of a region.
func pages(r mem.Range, from, to int) mem.Range {
	size := mem.Addr(os.Getpagesize())
	return mem.Range{Start: r.Start + mem.Addr(from)*size, End: r.Start + mem.Addr(to)*size}
}

func TestResidentByConstruction(t *testing.T) {
	page := os.Getpagesize()
	data, at := region(t, 64*page)
	if err := unix.Madvise(data, unix.MADV_NOHUGEPAGE); err != nil && !errors.Is(err, unix.EINVAL) {
		t.Fatal(err)
	}
	for i := 8; i < 40; i++ { // 8-40 written
		data[i*page] = 1
	}
	var sink byte
	for i := 40; i < 56; i++ { // 40-56 only read: zero pages
		sink += data[i*page]
	}
	runtime.KeepAlive(sink)                                                         // or the compiler reads nothing
	if err := unix.Madvise(data[16*page:24*page], unix.MADV_DONTNEED); err != nil { // 16-24 released
		t.Fatal(err)
	}
	want := []mem.Range{pages(at, 8, 16), pages(at, 24, 40)}
	for way, resident := range ways(t) {
		t.Run(string(way), func(t *testing.T) {
			got, err := resident(t, []mem.Range{at})
			if err != nil || !slices.Equal(got, want) {
				t.Errorf("resident %v, %v; want %v", got, err, want)
			}
			// Two adjacent ranges: a run ends at their border.
			got, err = resident(t, []mem.Range{pages(at, 0, 12), pages(at, 12, 28)})
			wantParts := []mem.Range{pages(at, 8, 12), pages(at, 12, 16), pages(at, 24, 28)}
			if err != nil || !slices.Equal(got, wantParts) {
				t.Errorf("in two ranges %v, %v; want %v", got, err, wantParts)
			}
			// A range within pages is widened to whole ones.
			inside := mem.Range{Start: pages(at, 8, 9).Start + 100, End: pages(at, 8, 9).End - 100}
			got, err = resident(t, []mem.Range{inside})
			if err != nil || !slices.Equal(got, []mem.Range{pages(at, 8, 9)}) {
				t.Errorf("within a page %v, %v", got, err)
			}
		})
	}
	assertRSSOfRegion(t, at, want)
}

// assertRSSOfRegion: what smaps counts in the region is the oracle.
func assertRSSOfRegion(t *testing.T, at mem.Range, want []mem.Range) {
	t.Helper()
	m, err := openSelf(t, Options{}).Smaps()
	if err != nil {
		t.Fatal(err)
	}
	var rss, sum uint64
	for _, v := range m.VMAs {
		if at.Contains(v.Start) && v.End <= at.End {
			rss += v.Rss
		}
	}
	for _, r := range want {
		sum += r.Len()
	}
	if rss != 0 && rss != sum { // 0: the mapping was merged with a neighbour
		t.Errorf("smaps counts %d bytes in the region, want %d", rss, sum)
	}
}

// More runs than one call of the ioctl answers with, and more pages than one
// read takes: every second page of 80 MiB. mincore is the oracle.
func TestResidentManyRuns(t *testing.T) {
	page := os.Getpagesize()
	const n = 20480
	data, at := region(t, n*page)
	if err := unix.Madvise(data, unix.MADV_NOHUGEPAGE); err != nil && !errors.Is(err, unix.EINVAL) {
		t.Fatal(err)
	}
	for i := 0; i < n; i += 2 {
		data[i*page] = 1
	}
	want := mincore(t, data, at)
	if len(want) != n/2 {
		t.Fatalf("mincore sees %d runs, want %d", len(want), n/2)
	}
	for way, resident := range ways(t) {
		t.Run(string(way), func(t *testing.T) {
			got, err := resident(t, []mem.Range{at})
			if err != nil || !slices.Equal(got, want) {
				t.Errorf("%d runs, %v; want %d of mincore", len(got), err, len(want))
			}
		})
	}
}

func mincore(t *testing.T, data []byte, at mem.Range) []mem.Range {
	t.Helper()
	vec := make([]byte, len(data)/os.Getpagesize())
	_, _, errno := unix.Syscall(unix.SYS_MINCORE, uintptr(unsafe.Pointer(&data[0])), uintptr(len(data)), uintptr(unsafe.Pointer(&vec[0])))
	if errno != 0 {
		t.Fatal(errno)
	}
	var out []mem.Range
	found := runs{visit: func(r mem.Range, _ mem.PageKind) { out = append(out, r) }}
	for i, in := range vec {
		if in&1 != 0 {
			found.add(pages(at, i, i+1), mem.PageSmall)
		}
	}
	found.flush()
	return out
}

// Of a stopped process smaps is the oracle, mapping by mapping. File pages are
// left out: the system may take them at any time.
func TestResidentIsTheRSSOfAStoppedProcess(t *testing.T) {
	pid := stopped(t)
	for _, opts := range []Options{{}, {PagemapReads: true}} {
		p, err := Default().Open(pid, opts)
		if err != nil {
			t.Fatal(err)
		}
		defer p.Close()
		m, err := p.Smaps()
		if err != nil {
			t.Fatal(err)
		}
		compared := 0
		for _, v := range m.VMAs {
			if v.Path != "" && v.Path != "[heap]" && v.Path != "[stack]" {
				continue
			}
			var sum uint64
			if err := p.Resident([]mem.Range{v.Range}, func(r mem.Range) { sum += r.Len() }); err != nil {
				t.Fatal(err)
			}
			if sum != v.Rss {
				t.Errorf("%s: %d bytes of %s %q are resident, smaps counts %d", p.ResidentWay(), sum, v.Range, v.Path, v.Rss)
			}
			if sum > 0 {
				compared++
			}
		}
		if compared < 2 {
			t.Errorf("%s: only %d anonymous mappings with resident pages", p.ResidentWay(), compared)
		}
	}
}

// A huge page that was written, half released; and one that was only read.
func TestResidentHugePages(t *testing.T) {
	const huge = 2 << 20
	if thp := Default().thp(); thp != "always" && thp != "madvise" {
		t.Skip("transparent huge pages are ", thp)
	}
	data, at := region(t, 4*huge)
	skip := int(-at.Start & (huge - 1))
	data, at = data[skip:skip+3*huge], mem.RangeAt(at.Start+mem.Addr(skip), 3*huge)
	if err := unix.Madvise(data, unix.MADV_HUGEPAGE); err != nil {
		t.Skip("MADV_HUGEPAGE: ", err)
	}
	data[0] = 1
	sink := data[2*huge]    // the huge zero page
	runtime.KeepAlive(sink) // or the compiler reads nothing
	// From here on khugepaged must keep off: it would fill the hole again.
	// The huge pages that are there stay.
	if err := unix.Madvise(data, unix.MADV_NOHUGEPAGE); err != nil {
		t.Fatal(err)
	}
	if err := unix.Madvise(data[huge/2:huge], unix.MADV_DONTNEED); err != nil {
		t.Fatal(err)
	}
	page := os.Getpagesize()
	want := []mem.Range{pages(at, 0, huge/2/page)}
	if got := mincore(t, data[:huge], at); !slices.Equal(got, want) {
		t.Skipf("the kernel gave no huge page: mincore says %v", got)
	}
	for way, resident := range ways(t) {
		t.Run(string(way), func(t *testing.T) {
			got, err := resident(t, []mem.Range{at})
			if err != nil || !slices.Equal(got, want) {
				t.Errorf("resident %v, %v; want %v", got, err, want)
			}
		})
	}
}

func TestResidentRefuses(t *testing.T) {
	beyond := []mem.Range{{Start: 1 << 62, End: 1<<62 + 1<<20}}
	wraps := []mem.Range{{Start: ^mem.Addr(0) - 10, End: ^mem.Addr(0)}}
	for way, resident := range ways(t) {
		t.Run(string(way), func(t *testing.T) {
			for _, r := range [][]mem.Range{beyond, wraps} {
				if got, err := resident(t, r); err == nil {
					t.Errorf("Resident(%v) = %v, want an error", r, got)
				}
			}
			if got, err := resident(t, []mem.Range{{Start: 2, End: 1}}); err != nil || len(got) != 0 {
				t.Errorf("inverted range: %v, %v; want nothing", got, err)
			}
		})
	}
}
