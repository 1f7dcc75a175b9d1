package goruntime

import (
	"debug/elf"
	"encoding/binary"
	"errors"
	"slices"

	"whyres/collector/mem"
)

// Bounds on what is scanned: in all, at a time, and how many places are looked
// at closer.
const (
	maxScan     = 64 << 20
	scanPiece   = 256 << 10
	maxVarSpace = 4 << 30
	maxHeaps    = 1 << 8
	maxPacers   = 1 << 12
	maxSlices   = 1 << 15
)

// variables are the ranges in memory that hold the program's variables: the
// sections that the Go linker gives them, or without section headers all that
// is writable; whole is the range that the program is mapped in.
func variables(f *elf.File, bias uint64) (data []mem.Range, whole mem.Range) {
	// What is looked for by scanning is not initialised: these sections first.
	for _, name := range []string{".noptrbss", ".bss", ".data", ".noptrdata"} {
		if s := f.Section(name); s != nil {
			data = appendRange(data, s.Addr+bias, s.Size)
		}
	}
	sections := len(data) > 0
	var all []mem.Range
	for _, p := range f.Progs {
		if p.Type != elf.PT_LOAD {
			continue
		}
		all = appendRange(all, p.Vaddr+bias, p.Memsz)
		if p.Flags&elf.PF_W != 0 && !sections {
			data = appendRange(data, p.Vaddr+bias, p.Memsz)
		}
	}
	for i, r := range all {
		if i == 0 {
			whole = r
		}
		whole.Start, whole.End = min(whole.Start, r.Start), max(whole.End, r.End)
	}
	return data, whole
}

// appendRange leaves out what is no range of user space, and cuts a large one:
// the linker puts large variables last.
func appendRange(rs []mem.Range, start, size uint64) []mem.Range {
	if size == 0 || start >= 1<<48 {
		return rs
	}
	size = min(size, maxVarSpace)
	return append(rs, mem.Range{Start: mem.Addr(start), End: mem.Addr(start + size)})
}

// scan reads all that is there of the variables, piece by piece, and shows each
// piece to look.
func (s *search) scan(look func(at uint64, piece []byte) error) error {
	left := uint64(maxScan)
	for _, r := range s.data {
		runs := []mem.Range{r}
		if m, ok := s.memory.(*pageReader); ok {
			var err error
			if runs, err = m.runs(r); err != nil {
				return err
			}
		}
		for _, run := range runs {
			run.End = min(run.End, run.Start+mem.Addr(left))
			left -= run.Len()
			if err := s.scanRun(run, look); err != nil {
				return err
			}
		}
	}
	return nil
}

// scanRun reads a range piece by piece. Pieces overlap by more than the largest
// thing that is looked for. What is not mapped holds nothing.
func (s *search) scanRun(run mem.Range, look func(uint64, []byte) error) error {
	const overlap = 16 << 10
	buf := make([]byte, min(scanPiece, run.Len()))
	for at := (run.Start + 7) &^ 7; at+8 <= run.End; at += scanPiece - overlap {
		piece := buf[:min(scanPiece, uint64(run.End-at))]
		err := s.plain.read(piece, []span{{uint64(at), len(piece)}})
		if errors.Is(err, ErrUnmapped) {
			return nil
		}
		if err == nil {
			err = look(uint64(at), piece)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func sortedSet(v []uint64) []uint64 {
	slices.Sort(v)
	return slices.Compact(v)
}

func wordsOf(b []byte) []uint64 {
	out := make([]uint64, 0, len(b)/8)
	for ; len(b) >= 8; b = b[8:] {
		out = append(out, binary.LittleEndian.Uint64(b))
	}
	return out
}
