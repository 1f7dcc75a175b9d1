package goruntime

import (
	"bytes"
	"debug/elf"
	"encoding/binary"
	"fmt"
	"io"
	"io/fs"
)

// Bounds of an ELF file's tables. The kernel runs a file without a look at its
// section headers, so whoever runs one may claim anything in them, and
// debug/elf reads the table of their names whole. Real programs have some tens
// of sections and less than 4 KiB of names.
const (
	maxSections = 4096
	maxSegments = 4096
	// maxSectionNames is in bytes.
	maxSectionNames = 1 << 20
	// maxNameBytes bounds sections times names: debug/elf copies for each
	// section its name, which can be all of the table.
	maxNameBytes = 64 << 20
)

// headers is what bounds the reading of an ELF file's headers, of either class.
type headers struct {
	phoff, shoff                                 uint64
	phentsize, phnum, shentsize, shnum, shstrndx uint64
	// segmentSize and sectionSize are of one header in this class, in bytes.
	segmentSize, sectionSize uint64
	order                    binary.ByteOrder
	// size is of the file in bytes, where sized.
	size  uint64
	sized bool
}

// checkHeaders refuses a file of which debug/elf would read without an end. It
// comes before any elf.NewFile. The error wraps ErrDamaged.
func checkHeaders(r io.ReaderAt) error {
	h, err := readHeaders(r)
	if err != nil {
		return fmt.Errorf("%w: its header: %w", ErrDamaged, err)
	}
	if h.phnum > 0 {
		if h.phentsize != h.segmentSize || h.phnum > maxSegments {
			return fmt.Errorf("%w: %d program headers of %d bytes", ErrDamaged, h.phnum, h.phentsize)
		}
		if !h.holds(h.phoff, h.phnum*h.segmentSize) {
			return fmt.Errorf("%w: its program headers are beyond its end", ErrDamaged)
		}
	}
	if h.shoff == 0 && h.shnum == 0 {
		return nil // no sections: nothing more is read
	}
	// A count of 0 means 65280 and more, said in the first section.
	if h.shentsize != h.sectionSize || h.shnum == 0 || h.shnum > maxSections {
		return fmt.Errorf("%w: %d section headers of %d bytes", ErrDamaged, h.shnum, h.shentsize)
	}
	if !h.holds(h.shoff, h.shnum*h.sectionSize) {
		return fmt.Errorf("%w: its section headers are beyond its end", ErrDamaged)
	}
	return h.checkNames(r)
}

// checkNames looks at the section that holds the sections' names.
func (h *headers) checkNames(r io.ReaderAt) error {
	if h.shstrndx >= h.shnum {
		return fmt.Errorf("%w: the names of its sections are in section %d of %d", ErrDamaged, h.shstrndx, h.shnum)
	}
	s, err := h.section(r, h.shstrndx)
	if err != nil {
		return fmt.Errorf("%w: the header of its sections' names: %w", ErrDamaged, err)
	}
	if elf.SectionFlag(s.Flags)&elf.SHF_COMPRESSED != 0 {
		return fmt.Errorf("%w: the names of its sections are compressed", ErrDamaged)
	}
	if s.Size > maxSectionNames || s.Size*h.shnum > maxNameBytes {
		return fmt.Errorf("%w: %d bytes of names for %d sections", ErrDamaged, s.Size, h.shnum)
	}
	if !h.holds(s.Off, s.Size) {
		return fmt.Errorf("%w: the names of its sections are beyond its end", ErrDamaged)
	}
	return nil
}

// holds: the bytes are in the file, or its size is not known.
func (h *headers) holds(off, size uint64) bool {
	const maxOffset = 1<<63 - 1
	if off > maxOffset || size > maxOffset-off {
		return false
	}
	return !h.sized || off+size <= h.size
}

func readHeaders(r io.ReaderAt) (h *headers, err error) {
	var ident [elf.EI_NIDENT]byte
	if _, err := r.ReadAt(ident[:], 0); err != nil {
		return nil, err
	}
	if !bytes.HasPrefix(ident[:], []byte(elf.ELFMAG)) {
		return nil, fmt.Errorf("it begins with %q, not as an ELF file", ident[:len(elf.ELFMAG)])
	}
	h = &headers{order: binary.LittleEndian}
	if elf.Data(ident[elf.EI_DATA]) == elf.ELFDATA2MSB {
		h.order = binary.BigEndian
	}
	h.size, h.sized = sizeOf(r)
	switch class := elf.Class(ident[elf.EI_CLASS]); class {
	case elf.ELFCLASS64:
		return h, h.read64(r)
	case elf.ELFCLASS32:
		return h, h.read32(r)
	default:
		return nil, fmt.Errorf("an unknown class %v", class)
	}
}

func (h *headers) read64(r io.ReaderAt) error {
	var raw elf.Header64
	err := h.decode(r, 0, &raw)
	h.phoff, h.shoff = raw.Phoff, raw.Shoff
	h.phentsize, h.phnum = uint64(raw.Phentsize), uint64(raw.Phnum)
	h.shentsize, h.shnum, h.shstrndx = uint64(raw.Shentsize), uint64(raw.Shnum), uint64(raw.Shstrndx)
	h.segmentSize, h.sectionSize = uint64(binary.Size(elf.Prog64{})), uint64(binary.Size(elf.Section64{}))
	return err
}

func (h *headers) read32(r io.ReaderAt) error {
	var raw elf.Header32
	err := h.decode(r, 0, &raw)
	h.phoff, h.shoff = uint64(raw.Phoff), uint64(raw.Shoff)
	h.phentsize, h.phnum = uint64(raw.Phentsize), uint64(raw.Phnum)
	h.shentsize, h.shnum, h.shstrndx = uint64(raw.Shentsize), uint64(raw.Shnum), uint64(raw.Shstrndx)
	h.segmentSize, h.sectionSize = uint64(binary.Size(elf.Prog32{})), uint64(binary.Size(elf.Section32{}))
	return err
}

// section is a section's header, of either class.
func (h *headers) section(r io.ReaderAt, i uint64) (s elf.Section64, err error) {
	at := h.shoff + i*h.sectionSize
	if h.sectionSize == uint64(binary.Size(s)) {
		return s, h.decode(r, at, &s)
	}
	var raw elf.Section32
	err = h.decode(r, at, &raw)
	s.Type, s.Flags, s.Off, s.Size = raw.Type, uint64(raw.Flags), uint64(raw.Off), uint64(raw.Size)
	return s, err
}

// decode reads a structure of fixed size.
func (h *headers) decode(r io.ReaderAt, off uint64, into any) error {
	size := int64(binary.Size(into))
	return binary.Read(io.NewSectionReader(r, int64(off), size), h.order, into)
}

// sizeOf is the size of what is read, where it can be known.
func sizeOf(r io.ReaderAt) (size uint64, ok bool) {
	switch f := r.(type) {
	case interface{ Stat() (fs.FileInfo, error) }:
		info, err := f.Stat()
		if err != nil || !info.Mode().IsRegular() {
			return 0, false
		}
		return uint64(info.Size()), true
	case interface{ Size() int64 }:
		return uint64(f.Size()), true
	}
	return 0, false
}

// IsGoFile reports whether an ELF file has the sections of a Go program, by
// their names alone, which is quick. A file that is damaged is none.
func IsGoFile(r io.ReaderAt) bool {
	f, err := newELF(r)
	return err == nil && (f.Section(".go.buildinfo") != nil || f.Section(".gopclntab") != nil)
}
