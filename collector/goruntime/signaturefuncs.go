package goruntime

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"

	"whyres/collector/mem"
)

// Magic numbers of the runtime's function table (pcHeader in runtime/symtab.go).
const (
	magic112 = 0xfffffffb
	magic116 = 0xfffffffa
	magic118 = 0xfffffff0
	magic120 = 0xfffffff1
)

// funcTable is the runtime's function table (.gopclntab), read piece by piece:
// a few functions of the runtime are wanted, of a table that can be of tens of
// MiB. debug/gosym wants all of it and builds every function.
type funcTable struct {
	table, entries, infos, names window
	// count entries of wordSize twice are at functab: an entry address, and the
	// offset of the function's description from the table's infoBase.
	count              uint64
	wordSize           int
	functab            uint64
	infoBase, nameBase uint64
	// text is what entry addresses count from.
	text uint64
}

// maxFuncs bounds the functions looked at: Kubernetes has some 100,000.
const maxFuncs = 1 << 20

// maxFuncBytes bounds what is read of the table, which is its length once where the
// names follow each other (12 MiB for 41,000 functions), and otherwise a window
// for each function.
const maxFuncBytes = 128 << 20

// openFuncTable reads the header. text is the link-time address of runtime.text,
// bias what the entries, where they are addresses, have been relocated by.
func openFuncTable(r io.ReaderAt, text func() uint64, bias uint64) (*funcTable, error) {
	t := &funcTable{}
	left := int64(maxFuncBytes)
	w := window{r: r, left: &left}
	t.table, t.entries, t.infos, t.names = w, w, w, w
	h, err := t.table.at(0, 8+8*8)
	if err != nil {
		return nil, err
	}
	if h[7] != 8 {
		return nil, fmt.Errorf("%w: a function table for %d-byte pointers", ErrDamaged, h[7])
	}
	word := func(i int) uint64 { return binary.LittleEndian.Uint64(h[8+8*i:]) }
	t.count, t.wordSize, t.text = word(0), 8, -bias
	switch binary.LittleEndian.Uint32(h) {
	case magic112:
		t.functab = 16
	case magic116:
		t.nameBase, t.functab, t.infoBase = word(2), word(6), word(6)
	case magic118, magic120:
		t.nameBase, t.functab, t.infoBase, t.wordSize = word(3), word(7), word(7), 4
		t.text = text()
	default:
		return nil, fmt.Errorf("%w: a function table of unknown form", ErrDamaged)
	}
	t.count = min(t.count, maxFuncs)
	return t, nil
}

// find returns the link-time ranges of those functions that there are.
func (t *funcTable) find(want map[string]bool) (map[string]mem.Range, error) {
	found := map[string]mem.Range{}
	for i := uint64(0); i < t.count && len(found) < len(want); i++ {
		e, err := t.entries.at(t.functab+i*uint64(2*t.wordSize), 3*t.wordSize)
		if err != nil {
			return found, err
		}
		name, err := t.name(t.word(e[t.wordSize:]))
		if err != nil {
			return found, err
		}
		if want[string(name)] {
			start, end := t.text+t.word(e), t.text+t.word(e[2*t.wordSize:])
			found[string(name)] = mem.Range{Start: mem.Addr(start), End: mem.Addr(end)}
		}
	}
	return found, nil
}

func (t *funcTable) word(b []byte) uint64 {
	if t.wordSize == 4 {
		return uint64(binary.LittleEndian.Uint32(b))
	}
	return binary.LittleEndian.Uint64(b)
}

// name reads the name of the function whose description is at the offset: the
// description begins with the entry and, in 4 bytes, the offset of the name.
func (t *funcTable) name(info uint64) ([]byte, error) {
	b, err := t.infos.at(t.infoBase+info+uint64(t.wordSize), 4)
	if err != nil {
		return nil, err
	}
	const longest = 64
	b, err = t.names.at(t.nameBase+uint64(binary.LittleEndian.Uint32(b)), longest)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	for i, c := range b {
		if c == 0 {
			return b[:i], nil
		}
	}
	return nil, nil // longer than any that is wanted
}

// window is a piece of a file; reads that follow each other stay in it.
type window struct {
	r     io.ReaderAt
	start uint64
	buf   []byte
	// left is how much more may be read, by all windows that share it.
	left *int64
}

const windowSize = 32 << 10

// at returns n bytes at the offset, valid until the next call. Fewer come with
// io.EOF. Where no more may be read the error is ErrDamaged.
func (w *window) at(off uint64, n int) ([]byte, error) {
	if off < w.start || off-w.start > uint64(len(w.buf)) || int(off-w.start)+n > len(w.buf) {
		if off > 1<<40 {
			return nil, fmt.Errorf("%w: an offset of %#x in its function table", ErrDamaged, off)
		}
		if *w.left -= windowSize; *w.left < 0 {
			return nil, fmt.Errorf("%w: its function table leads to and fro", ErrDamaged)
		}
		if cap(w.buf) == 0 {
			w.buf = make([]byte, windowSize)
		}
		got, err := w.r.ReadAt(w.buf[:windowSize], int64(off))
		w.start, w.buf = off, w.buf[:got]
		if got < n {
			return w.buf, err
		}
	}
	return w.buf[off-w.start:][:n], nil
}
