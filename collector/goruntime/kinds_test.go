package goruntime

import (
	"encoding/binary"
	"os"
	"path/filepath"
	"testing"

	"whyres/collector/mem"
)

// pagemapKinds reads /proc/PID/pagemap the plain way: bit 63 of each 8-byte entry
// is "present" (Documentation/admin-guide/mm/pagemap.rst), and /proc/kpageflags
// by its page frame says KPF_ZERO_PAGE (24) and KPF_THP (22). Needs root. A page
// of a huge page counts as mapped by one: the targets do not split them.
func pagemapKinds(t testing.TB, pid int) ResidentFunc {
	t.Helper()
	pagemap, err := os.Open(filepath.Join("/proc", itoa(pid), "pagemap"))
	if err != nil {
		t.Fatal(err)
	}
	flags, err := os.Open("/proc/kpageflags")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _, _ = pagemap.Close(), flags.Close() })
	kinds := map[uint64]mem.PageKind{}
	kind := func(frame uint64) (mem.PageKind, error) {
		if kind, known := kinds[frame]; known {
			return kind, nil
		}
		var b [8]byte
		if _, err := flags.ReadAt(b[:], int64(8*frame)); err != nil {
			return 0, err
		}
		kinds[frame] = mem.PageSmall
		switch word := binary.LittleEndian.Uint64(b[:]); {
		case word>>24&1 != 0:
			kinds[frame] = mem.PageZero
		case word>>22&1 != 0:
			kinds[frame] = mem.PageHuge
		}
		return kinds[frame], nil
	}
	page := uint64(os.Getpagesize())
	return func(ranges []mem.Range, visit func(mem.Range, mem.PageKind)) error {
		clear(kinds)
		for _, r := range ranges {
			buf := make([]byte, r.Len()/page*8)
			if _, err := pagemap.ReadAt(buf, int64(uint64(r.Start)/page*8)); err != nil {
				return err
			}
			for i := range r.Len() / page {
				entry := binary.LittleEndian.Uint64(buf[8*i:])
				if entry>>63 == 0 {
					continue
				}
				k, err := kind(entry & (1<<55 - 1))
				if err != nil {
					return err
				}
				visit(mem.RangeAt(r.Start+mem.Addr(i*page), page), k)
			}
		}
		return nil
	}
}

// checkSums: whatever the process did meanwhile, parts sum to their wholes.
func checkSums(t *testing.T, h *Heap) {
	t.Helper()
	p := h.Pages
	amounts := func(parts ...mem.Amount) (all mem.Amount) {
		for _, a := range parts {
			all.Bytes += a.Bytes
			all.Resident += a.Resident
			all.Huge += a.Huge
			all.Zero += a.Zero
			if a.Resident+a.Zero > a.Bytes || a.Huge > a.Resident {
				t.Errorf("an impossible amount: %+v", a)
			}
		}
		return all
	}
	if got := amounts(p.Objects, p.Holes); got != p.InUse {
		t.Errorf("objects %+v and holes %+v are not %+v in use", p.Objects, p.Holes, p.InUse)
	}
	if p.Objects.Bytes != h.Stats.HeapAlloc || p.Either > p.Objects.Resident {
		t.Errorf("objects %+v, HeapAlloc %d, Either %d", p.Objects, h.Stats.HeapAlloc, p.Either)
	}
	if g := p.Goroutines; g != nil {
		if got := amounts(g.Live, g.Dead, g.System, g.Free); got != p.Stacks {
			t.Errorf("%+v sum to %+v, stacks are %+v", g, got, p.Stacks)
		}
	}
	checkChunks(t, p)
	if p.Sizes == nil {
		return
	}
	var all mem.Amount
	var objects, allocated uint64
	for _, c := range p.Sizes {
		all = amounts(all, c.InUse)
		objects += c.Objects
		allocated += c.Allocated
		if c.Allocated+c.Free > c.InUse.Bytes || c.Class != 0 && c.Allocated != c.Objects*c.Size {
			t.Errorf("size class %+v", c)
		}
	}
	if all != p.InUse || objects != h.Stats.HeapObjects || allocated != h.Stats.HeapAlloc {
		t.Errorf("size classes: %+v, %d objects, %d allocated; want %+v, %d, %d",
			all, objects, allocated, p.InUse, h.Stats.HeapObjects, h.Stats.HeapAlloc)
	}
}

// checkChunks: they sum to the amounts, and each to the heap that it covers.
func checkChunks(t *testing.T, p *mem.GoPages) {
	t.Helper()
	var inUse, stacks, idle, released, reserved mem.Share
	plus := func(sum *mem.Share, part mem.Share) uint64 {
		sum[0] += part.Bytes()
		sum[1] += part.Resident()
		if part.Resident() > part.Bytes() {
			t.Errorf("an impossible share: %v", part)
		}
		return part.Bytes()
	}
	for _, c := range p.Chunks {
		heap := uint64(0)
		for _, a := range p.Arenas {
			heap += a.Intersect(mem.RangeAt(c.At, p.ChunkBytes)).Len()
		}
		got := plus(&inUse, c.InUse) + plus(&stacks, c.Stacks) + plus(&idle, c.Idle) + plus(&released, c.Released) + plus(&reserved, c.Reserved)
		if got != heap || heap == 0 || uint64(c.At)%p.ChunkBytes != 0 {
			t.Errorf("the chunk at %v of %d has %d bytes, of the heap %d", c.At, p.ChunkBytes, got, heap)
		}
	}
	for _, kind := range []struct {
		got   mem.Share
		parts []mem.Amount
	}{
		{inUse, []mem.Amount{p.InUse}},
		{stacks, []mem.Amount{p.Stacks, p.Manual}},
		{idle, []mem.Amount{p.Idle}},
		{released, []mem.Amount{p.Released}},
		{reserved, []mem.Amount{p.Reserved}},
	} {
		want := mem.Share{}
		for _, a := range kind.parts {
			want[0] += a.Bytes
			want[1] += a.Resident
		}
		if kind.got != want {
			t.Errorf("the chunks sum to %v, want %v", kind.got, want)
		}
	}
}
