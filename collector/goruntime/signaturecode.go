package goruntime

import (
	"debug/elf"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"strings"

	"whyres/collector/mem"
)

// codeReader says to which addresses of variables the runtime's functions
// refer. The code is read from the file: only addresses that are relocated
// when the program is loaded come from memory.
type codeReader struct {
	image  *image
	memory reader
	bias   uint64
	funcs  map[string]mem.Range
	err    error
}

// newCodeReader finds the functions of all clues in the table of functions.
func newCodeReader(im *image, m reader, bias uint64) *codeReader {
	c := &codeReader{image: im, memory: m, bias: bias}
	c.err = c.load()
	return c
}

func (c *codeReader) load() (err error) {
	defer recovered(&err)
	table, ok := c.findTable()
	if !ok {
		return errors.New("no table of functions")
	}
	text := func() uint64 { return c.image.textStart(pclntab{addr: table.addr}, c.memory, c.bias) }
	t, err := openFuncTable(table.r, text, table.bias)
	if err != nil {
		return err
	}
	want := clueFuncs()
	entry := "_rt0_" + goarch(c.image.elf) + "_linux"
	if t.text == 0 && t.wordSize == 4 {
		// Without section headers nothing says where the code begins, but the
		// program begins at a function of a known name, unless C is linked in.
		found, err := t.find(map[string]bool{entry: true})
		if err != nil || len(found) == 0 {
			return errors.New("the beginning of the code is not known")
		}
		t.text = c.image.elf.Entry - uint64(found[entry].Start)
	}
	if c.funcs, err = t.find(want); len(c.funcs) > 0 {
		return nil
	}
	return err
}

// tableAt is where the table of functions is.
type tableAt struct {
	addr uint64
	r    io.ReaderAt
	bias uint64
}

// findTable finds the table by its section, as the Symbolizer does, or else by
// its first bytes. Position-independent programs before Go 1.18 have addresses
// in the table, which only memory shows as they are.
func (c *codeReader) findTable() (t tableAt, ok bool) {
	if t, ok = tableSection(c.image.elf); !ok {
		if t, ok = tableSegment(c.image.elf); !ok {
			return t, false
		}
	}
	var head [4]byte
	if _, err := t.r.ReadAt(head[:], 0); err != nil {
		return t, false
	}
	if magic := binary.LittleEndian.Uint32(head[:]); c.image.elf.Type == elf.ET_DYN && (magic == magic112 || magic == magic116) {
		t.r, t.bias = memoryAt{c.memory, t.addr + c.bias, t.r}, c.bias
	}
	return t, true
}

func tableSection(f *elf.File) (tableAt, bool) {
	for _, s := range f.Sections {
		if s.Type == elf.SHT_PROGBITS && (s.Name == ".gopclntab" || strings.HasSuffix(s.Name, ".ro.gopclntab")) {
			return tableAt{addr: s.Addr, r: s}, true
		}
	}
	return tableAt{}, false
}

// tableSegment looks for the table in the segments.
func tableSegment(f *elf.File) (tableAt, bool) {
	left := uint64(maxScan)
	buf := make([]byte, scanPiece)
	for _, p := range f.Progs {
		if p.Type != elf.PT_LOAD || p.Flags&elf.PF_X != 0 {
			continue
		}
		end := min(p.Filesz, left)
		left -= end
		for off := uint64(0); off < end; off += scanPiece {
			n, err := p.ReadAt(buf[:min(scanPiece, end-off)], int64(off))
			if err != nil && n == 0 {
				break
			}
			for i := 0; i+8 <= n; i += 8 {
				if isPclntab(buf[i:]) {
					at := off + uint64(i)
					return tableAt{addr: p.Vaddr + at, r: io.NewSectionReader(p, int64(at), int64(p.Filesz-at))}, true
				}
			}
		}
	}
	return tableAt{}, false
}

// memoryAt reads what is loaded of a file at an address, as it has been
// relocated. Pages that are not in memory are as they are in the file.
type memoryAt struct {
	memory reader
	base   uint64
	file   io.ReaderAt
}

// ReadAt reads page by page where not all is in memory.
func (m memoryAt) ReadAt(b []byte, off int64) (n int, err error) {
	at := m.base + uint64(off)
	if err := m.memory.read(b, []span{{at, len(b)}}); err == nil {
		return len(b), nil
	}
	for n < len(b) && err == nil {
		part := b[n:min(len(b), n+int(pageEnd-(at+uint64(n))%pageEnd))]
		got := len(part)
		if m.memory.read(part, []span{{at + uint64(n), len(part)}}) != nil {
			got, err = m.file.ReadAt(part, off+int64(n))
		}
		n += got
	}
	return n, err
}

// pageEnd is the least size of a page.
const pageEnd = 4096

// ref is a reference of code to memory: its address, and how many bytes are
// read or written there, 0 if only the address is taken.
type ref struct {
	addr uint64
	size int
}

// maxCode bounds the code looked at of one function.
const maxFuncCode = 64 << 10

// refs are the absolute addresses that a function refers to; nil if there is no
// such function.
func (c *codeReader) refs(function string) ([]ref, error) {
	r, ok := c.funcs[function]
	if !ok {
		return nil, nil
	}
	if r.Empty() || r.Len() > maxFuncCode {
		return nil, fmt.Errorf("%w: %s of %d bytes", ErrDamaged, function, r.Len())
	}
	code := make([]byte, r.Len())
	if err := c.readCode(code, uint64(r.Start)); err != nil {
		return nil, err
	}
	var refs []ref
	if c.image.elf.Machine == elf.EM_X86_64 {
		refs = refsX86(code, uint64(r.Start))
	} else {
		refs = refsARM64(code, uint64(r.Start))
	}
	for i := range refs {
		refs[i].addr += c.bias
	}
	return refs, nil
}

func (c *codeReader) readCode(code []byte, addr uint64) error {
	for _, p := range c.image.elf.Progs {
		if p.Type == elf.PT_LOAD && addr >= p.Vaddr && addr-p.Vaddr < p.Filesz && uint64(len(code)) <= p.Filesz-(addr-p.Vaddr) {
			_, err := p.ReadAt(code, int64(addr-p.Vaddr))
			return err
		}
	}
	return fmt.Errorf("%w: no code at %#x", ErrDamaged, addr)
}
