package goruntime

import (
	"bytes"
	"debug/elf"
	"encoding/binary"
	"fmt"
)

// maxTable bounds a table read from an ELF file whole: 256 MiB.
const maxTable = 256 << 20

// sectionData reads a section, refusing absurd sizes.
func sectionData(s *elf.Section) (b []byte, err error) {
	defer recovered(&err)
	if s.Type == elf.SHT_NOBITS || s.Size > maxTable {
		return nil, fmt.Errorf("%w: section %s of %d bytes", ErrDamaged, s.Name, s.Size)
	}
	b, err = s.Data()
	if err != nil {
		return nil, fmt.Errorf("%w: section %s: %w", ErrDamaged, s.Name, err)
	}
	return b, nil
}

// symtab is a symbol table of 64-bit little-endian entries, with its strings.
type symtab struct{ entries, names []byte }

// symbolSize is the size of Elf64_Sym.
const symbolSize = 24

// readSymtab returns the table of the wanted kind (SHT_SYMTAB, SHT_DYNSYM); ok
// is false if the file has none.
func readSymtab(f *elf.File, kind elf.SectionType) (t symtab, ok bool, err error) {
	s := f.SectionByType(kind)
	if s == nil || s.Link == 0 || int(s.Link) >= len(f.Sections) {
		return symtab{}, false, nil
	}
	if t.entries, err = sectionData(s); err != nil {
		return symtab{}, false, err
	}
	if t.names, err = sectionData(f.Sections[s.Link]); err != nil {
		return symtab{}, false, err
	}
	return t, true, nil
}

// symbol is one entry of a symbol table.
type symbol struct {
	nameOff     uint32
	typ         elf.SymType
	section     elf.SectionIndex
	value, size uint64
}

func (t symtab) len() int { return len(t.entries) / symbolSize }

func (t symtab) at(i int) symbol {
	e := t.entries[i*symbolSize : (i+1)*symbolSize]
	return symbol{
		nameOff: binary.LittleEndian.Uint32(e),
		typ:     elf.SymType(e[4] & 0xf),
		section: elf.SectionIndex(binary.LittleEndian.Uint16(e[6:])),
		value:   binary.LittleEndian.Uint64(e[8:]),
		size:    binary.LittleEndian.Uint64(e[16:]),
	}
}

// name is the symbol's name, without a copy of the table; "" where it points
// out of it.
func (t symtab) name(s symbol) []byte {
	if uint64(s.nameOff) >= uint64(len(t.names)) {
		return nil
	}
	b := t.names[s.nameOff:]
	end := bytes.IndexByte(b, 0)
	if end < 0 {
		return nil
	}
	return b[:end]
}

// lookup returns the link-time addresses of those wanted symbols that are
// defined.
func (t symtab) lookup(want map[string]bool) map[string]uint64 {
	got := map[string]uint64{}
	for i := range t.len() {
		s := t.at(i)
		if s.section == elf.SHN_UNDEF {
			continue
		}
		if name := t.name(s); want[string(name)] {
			got[string(name)] = s.value
			if len(got) == len(want) {
				break
			}
		}
	}
	return got
}
