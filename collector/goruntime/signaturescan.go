package goruntime

import (
	"debug/elf"
	"encoding/binary"
	"errors"
	"fmt"
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
	maxSlices   = 1 << 16
)

// variables are the ranges in memory that hold the program's variables: the
// sections that the Go linker gives them, or without section headers all that
// is writable; whole is the range that the program is mapped in.
func variables(f *elf.File, bias uint64) (data []mem.Range, whole mem.Range) {
	for _, s := range f.Sections {
		switch s.Name {
		case ".noptrdata", ".data", ".bss", ".noptrbss":
			data = appendRange(data, s.Addr+bias, s.Size)
		}
	}
	var all []mem.Range
	for _, p := range f.Progs {
		if p.Type != elf.PT_LOAD {
			continue
		}
		all = appendRange(all, p.Vaddr+bias, p.Memsz)
		if p.Flags&elf.PF_W != 0 && len(all) > 0 && !slices.ContainsFunc(f.Sections, isBSS) {
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

func isBSS(s *elf.Section) bool { return s.Name == ".noptrbss" }

// appendRange leaves out what is no range of user space.
func appendRange(rs []mem.Range, start, size uint64) []mem.Range {
	if size == 0 || size > maxVarSpace || start >= 1<<48 {
		return rs
	}
	return append(rs, mem.Range{Start: mem.Addr(start), End: mem.Addr(start + size)})
}

// findings are the places that a scan found worth a closer look.
type findings struct {
	heaps, pacers, slices []uint64
}

// scan reads the variables once.
func (s *search) scan() (f findings, err error) {
	if err := s.need(heapKeys...); err != nil {
		return f, err
	}
	left := uint64(maxScan)
	for _, r := range s.data {
		runs := []mem.Range{r}
		if m, ok := s.memory.(pageReader); ok {
			if runs, err = m.runs(r); err != nil {
				return f, err
			}
		}
		for _, run := range runs {
			run.End = min(run.End, run.Start+mem.Addr(left))
			left -= run.Len()
			if err := s.scanRun(&f, run); err != nil {
				return f, err
			}
		}
	}
	f.heaps, f.pacers, f.slices = sortedSet(f.heaps), sortedSet(f.pacers), sortedSet(f.slices)
	return f, nil
}

// scanRun reads a range piece by piece. Pieces overlap by more than the largest
// thing that is looked for. What is not mapped holds nothing.
func (s *search) scanRun(f *findings, run mem.Range) error {
	const overlap = 16 << 10
	buf := make([]byte, min(scanPiece, run.Len()))
	for at := (run.Start + 7) &^ 7; at+8 <= run.End; at += scanPiece - overlap {
		piece := buf[:min(scanPiece, uint64(run.End-at))]
		err := s.memory.read(piece, []span{{uint64(at), len(piece)}})
		if errors.Is(err, ErrUnmapped) {
			return nil
		}
		if err != nil {
			return err
		}
		s.look(f, uint64(at), piece)
		if len(f.heaps) > maxHeaps || len(f.pacers) > maxPacers || len(f.slices) > maxSlices {
			return fmt.Errorf("%w: %w", ErrNotFound, errTooMuch)
		}
	}
	return nil
}

// look tries each word of a piece.
func (s *search) look(f *findings, at uint64, piece []byte) {
	arg := s.where.layout["mheap_.spanalloc.arg"]
	pacer := s.newPacerTest()
	for i := 0; i+8 <= len(piece); i += 8 {
		v := binary.LittleEndian.Uint64(piece[i:])
		if v == 0 {
			continue
		}
		// mheap_.spanalloc.arg points to mheap_ itself.
		if here := at + uint64(i); v == here-arg {
			f.heaps = append(f.heaps, v)
		}
		if pacer.fits(piece, i, v) {
			f.pacers = append(f.pacers, at+uint64(i)-uint64(pacer.inUse))
		}
		if s.pointer(v) && sliceOfPs(piece[i+8:]) {
			f.slices = append(f.slices, at+uint64(i))
		}
	}
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
