package goruntime

import (
	"bytes"
	"debug/elf"
	"encoding/binary"
	"errors"
	"io"
	"maps"
	"os"
	"path/filepath"
	"testing"

	"whyres/collector/goruntime/internal/layout"
	"whyres/collector/mem"
)

// piecesOf is memory made of bytes, from base on; it counts reads.
type piecesOf struct {
	base  uint64
	bytes []byte
	reads int
}

func (p *piecesOf) read(buf []byte, spans []span) error {
	for _, s := range spans {
		p.reads++
		end := s.addr - p.base + uint64(s.size)
		if s.addr < p.base || end > uint64(len(p.bytes)) || end < uint64(s.size) {
			return ErrUnmapped
		}
		buf = buf[copy(buf, p.bytes[s.addr-p.base:end]):]
	}
	return nil
}

func (p *piecesOf) word(addr uint64) (uint64, error) {
	var b [8]byte
	err := p.read(b[:], []span{{addr, 8}})
	return binary.LittleEndian.Uint64(b[:]), err
}

// smallRuntime is a layout of a runtime that fits into a few hundred bytes.
func smallRuntime() layout.Layout {
	return layout.Layout{
		"mheap_": 64, "mheap_.spanalloc.size": 0, "mheap_.spanalloc.arg": 8, "mheap_.spanalloc.stat": 16,
		"mheap_.cachealloc.stat": 24, "mheap_.specialfinalizeralloc.stat": 32, "mheap_.specialprofilealloc.stat": 40,
		"mspan": 160, "memstats": 176, "memstats.mspan_sys": 0, "memstats.mcache_sys": 8, "memstats.other_sys": 16,
		"memstats.heapStats.stats": 24, "heapStatsDelta": 48, "heapStatsDelta.committed": 0, "heapStatsDelta.released": 8,
		"heapStatsDelta.inHeap": 16, "heapStatsDelta.inStacks": 24, "heapStatsDelta.inWorkBufs": 32,
		"gcController": 48, "gcController.heapInUse": 0, "gcController.heapReleased": 8, "gcController.heapFree": 16,
		"gcController.mappedReady": 24, "allp": 24, "p": 64, "p.id": 0, "p.sudogcache": 8, "p.sudogbuf": 32,
		"scavenge": 16, "scavenge.gcPercentGoal": 0, "scavenge.memoryLimitGoal": 8, "allgs": 24,
		"g": 32, "g.stack.lo": 0, "g.stack.hi": 8, "g.goid": 16, "allm": 8, "m": 32, "m.alllink": 0, "m.g0": 8,
		"persistentChunks": 8, "stackpool": 64, "stackLarge": 64, "stackLarge.free": 8, "gcpercent": 4,
	}
}

// Where smallMemory has what, from smallBase on. The variables end at smallEnd;
// the rest is the heap.
const (
	smallBase  = 0x500000
	smallHeap  = smallBase + 0x40
	smallStats = smallBase + 0x100
	smallPacer = smallBase + 0x200
	smallAllp  = smallBase + 0x280
	smallEnd   = smallBase + 0x400
	smallPs    = smallBase + 0x800
)

// smallMemory is a runtime of that layout, with two Ps.
func smallMemory() *piecesOf {
	m := &piecesOf{base: smallBase, bytes: make([]byte, 0x1000)}
	m.put(smallHeap, 160, smallHeap, smallStats, smallStats+8, smallStats+16, smallStats+16)
	m.put(smallStats+24, 9<<13, 2<<13, 3<<13, 1<<13, 0) // committed, released, in use, stacks, work buffers
	m.put(smallPacer, 3<<13, 2<<13, 5<<13, 11<<13)
	m.put(smallAllp, smallPs, 2, 2)
	m.put(smallPs, smallPs+0x40, smallPs+0x80)
	m.put(smallPs+0x40, 0, smallPs+0x60)
	m.put(smallPs+0x80, 1, smallPs+0xa0)
	return m
}

func (p *piecesOf) put(addr uint64, words ...uint64) {
	for i, w := range words {
		binary.LittleEndian.PutUint64(p.bytes[addr-p.base+uint64(8*i):], w)
	}
}

// smallSearch searches memory of that layout; code is what the program's file
// has after its variables: the table of functions, and code.
func smallSearch(m *piecesOf, code []byte) *search {
	f := &elf.File{FileHeader: elf.FileHeader{Class: elf.ELFCLASS64, Type: elf.ET_EXEC, Machine: elf.EM_X86_64}}
	add := func(flags elf.ProgFlag, addr, size uint64, file []byte) {
		f.Progs = append(f.Progs, &elf.Prog{
			ProgHeader: elf.ProgHeader{Type: elf.PT_LOAD, Flags: flags, Vaddr: addr, Memsz: size, Filesz: uint64(len(file))},
			ReaderAt:   bytes.NewReader(file),
		})
	}
	add(elf.PF_R|elf.PF_W, smallBase, smallEnd-smallBase, nil)
	add(elf.PF_R, 0x400000, uint64(len(code)), code)
	add(elf.PF_R|elf.PF_X, 0x480000, uint64(len(code)), code)
	return &search{
		image: &image{bytes: bytes.NewReader(nil), elf: f}, memory: m, plain: m,
		where: &where{layout: smallRuntime(), arch: "amd64", minor: 26, addr: map[string]uint64{}},
	}
}

// TestSignatureByContent: without code, the runtime is found by what memory
// holds, and refused where that is not one runtime that is whole.
func TestSignatureByContent(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		edit func(*piecesOf)
		err  error
	}{
		"whole": {func(*piecesOf) {}, nil},
		"a second heap": {func(m *piecesOf) {
			m.put(smallBase+0x340, 160, smallBase+0x340, smallStats, smallStats+8, smallStats+16, smallStats+16)
		}, ErrNotFound},
		"the heap does not point to itself":     {func(m *piecesOf) { m.put(smallHeap+8, smallHeap+16) }, ErrNotFound},
		"spans of another size":                 {func(m *piecesOf) { m.put(smallHeap, 168) }, ErrNotFound},
		"a counter elsewhere":                   {func(m *piecesOf) { m.put(smallHeap+24, smallStats+16) }, ErrNotFound},
		"memstats outside the variables":        {func(m *piecesOf) { m.put(smallHeap+16, smallPs, smallPs+8, smallPs+16, smallPs+16) }, ErrNotFound},
		"the pacer has more in use":             {func(m *piecesOf) { m.put(smallPacer, 4<<13) }, ErrNotFound},
		"the pacer has more free":               {func(m *piecesOf) { m.put(smallPacer+16, 6<<13) }, ErrNotFound},
		"a second pacer":                        {func(m *piecesOf) { m.put(smallBase+0x340, 3<<13, 2<<13, 5<<13, 11<<13) }, ErrNotFound},
		"a P with another's id":                 {func(m *piecesOf) { m.put(smallPs+0x80, 2) }, ErrNotFound},
		"a P that does not point into itself":   {func(m *piecesOf) { m.put(smallPs+0x88, smallPs+0x60) }, ErrNotFound},
		"Ps that are not mapped":                {func(m *piecesOf) { m.put(smallPs+8, 0x900000) }, ErrNotFound},
		"a slice of Ps that ends beyond memory": {func(m *piecesOf) { m.put(smallAllp+8, 60000, 60000) }, ErrNotFound},
		"nothing":                               {func(m *piecesOf) { clear(m.bytes) }, ErrNotFound},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := smallMemory()
			tt.edit(m)
			s := smallSearch(m, nil)
			if err := s.bySignature(); !errors.Is(err, tt.err) {
				t.Fatalf("%v, want %v", err, tt.err)
			}
			want := map[string]uint64{"mheap_": smallHeap, "memstats": smallStats, "gcController": smallPacer, "allp": smallAllp}
			if tt.err == nil && !maps.Equal(s.where.addr, want) {
				t.Errorf("%#x, want %#x", s.where.addr, want)
			}
		})
	}
}

// TestSignatureWithoutCode takes the table of functions from a live program: what
// is found must be where the symbol table says, and the heap must be found.
func TestSignatureWithoutCode(t *testing.T) {
	t.Parallel()
	program := buildTarget(t, "local")
	want := symbolsOf(t, program)
	c := startTarget(t, program)
	target, err := Open("/proc", c.pid)
	if err != nil {
		t.Fatal(err)
	}
	im, _, err := openImage("/proc", c.pid)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = im.close() }()
	s := &search{image: im, memory: &target.memory, plain: &target.memory, budget: maxSearchReads}
	s.where = &where{layout: target.where.layout, arch: "amd64", minor: target.where.minor, addr: map[string]uint64{}}
	s.data, s.whole = variables(im.elf, 0)
	s.code = &codeReader{err: errors.New("no table of functions")}
	if err := errors.Join(s.findHeap(), s.findPacer()); err != nil {
		t.Fatal(err)
	}
	if err := s.findPs(); err != nil {
		t.Logf("m0 may hold a copy of allp: %v", err)
	}
	for key, addr := range s.where.addr {
		if addr != want["runtime."+key] {
			t.Errorf("%s at %#x, the symbol table says %#x", key, addr, want["runtime."+key])
		}
	}
	if len(s.where.addr) < 3 {
		t.Errorf("found only %#x", s.where.addr)
	}
}

// FuzzSignature: whatever memory, function table and code hold, a search ends
// after a bounded number of reads, and what it finds lies among the variables.
func FuzzSignature(f *testing.F) {
	f.Add(smallMemory().bytes, []byte{})
	f.Add(smallMemory().bytes, pclntabOf(f, 32<<10))
	f.Add([]byte{}, pclntabOf(f, 4<<10))
	looped := smallMemory()
	looped.put(smallBase+0x300, smallPs+0x100)
	looped.put(smallPs+0x100, smallPs+0x100) // a list that goes round
	f.Add(looped.bytes, []byte{0x48, 0x8b, 0x05, 0xf9, 0x02, 0x08, 0x00})
	f.Fuzz(func(t *testing.T, memory, code []byte) {
		m := &piecesOf{base: smallBase, bytes: memory}
		s := smallSearch(m, code)
		err := s.bySignature()
		if limit := 2 * maxSearchReads; m.reads > limit {
			t.Errorf("%d reads, more than %d", m.reads, limit)
		}
		if err != nil {
			return
		}
		for key, addr := range s.where.addr {
			if !s.isData(addr, 1) {
				t.Errorf("%s at %#x, not a variable", key, addr)
			}
		}
	})
}

// FuzzClues gives the functions of the clues code of the fuzzer's.
func FuzzClues(f *testing.F) {
	f.Add(smallMemory().bytes, []byte{0x48, 0x8b, 0x05, 0xf9, 0x02, 0x08, 0x00})
	f.Add(smallMemory().bytes, []byte{0xc5, 0xf8, 0x77, 0x80, 0x3d, 0x00, 0x03, 0x08, 0x00, 0x00})
	f.Fuzz(func(t *testing.T, memory, code []byte) {
		for _, machine := range []elf.Machine{elf.EM_X86_64, elf.EM_AARCH64} {
			m := &piecesOf{base: smallBase, bytes: memory}
			s := smallSearch(m, code)
			s.image.elf.Machine = machine
			s.budget = maxSearchReads
			s.data, s.whole = variables(s.image.elf, 0)
			s.code = &codeReader{image: s.image, memory: m, funcs: map[string]mem.Range{}}
			for name := range clueFuncs() {
				s.code.funcs[name] = mem.Range{Start: 0x480000, End: 0x480000 + mem.Addr(len(code))}
			}
			s.followClues()
			if m.reads > 2*maxSearchReads {
				t.Errorf("%d reads", m.reads)
			}
		}
	})
}

// FuzzFuncTable: no table of functions makes the reader run on or allocate.
func FuzzFuncTable(f *testing.F) {
	f.Add(pclntabOf(f, 64<<10))
	f.Add([]byte{0xfb, 0xff, 0xff, 0xff, 0, 0, 1, 8})
	f.Fuzz(func(_ *testing.T, table []byte) {
		t, err := openFuncTable(bytes.NewReader(table), func() uint64 { return 0x401000 }, 0)
		if err == nil {
			_, _ = t.find(clueFuncs())
		}
	})
}

// pclntabOf is the beginning of the function table of the test's own program.
func pclntabOf(tb testing.TB, size int64) []byte {
	tb.Helper()
	path, err := os.Executable()
	if err != nil {
		tb.Fatal(err)
	}
	f, err := elf.Open(filepath.Clean(path))
	if err != nil {
		tb.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	b, err := io.ReadAll(io.LimitReader(f.Section(".gopclntab").Open(), size))
	if err != nil {
		tb.Fatal(err)
	}
	return b
}
