package goruntime

import (
	"debug/elf"
	"debug/gosym"
	"encoding/binary"
	"strings"
)

// goFuncs looks up Go functions in the runtime's own table (.gopclntab), which
// every Go binary carries, stripped or not. It knows whole functions only: a
// call that was inlined shows as the function it was inlined into.
type goFuncs struct{ table *gosym.Table }

// name is the function at the link-time address.
func (g *goFuncs) name(pc uint64) (string, bool) {
	if g == nil {
		return "", false
	}
	f := g.table.PCToFunc(pc)
	if f == nil {
		return "", false
	}
	return f.Name, true
}

// newGoFuncs reads the table; text is the link-time address of runtime.text.
func newGoFuncs(data []byte, text uint64) (g *goFuncs, err error) {
	defer recovered(&err)
	table, err := gosym.NewTable(nil, gosym.NewLineTable(data, text))
	if err != nil {
		return nil, err
	}
	return &goFuncs{table: table}, nil
}

// pclntab is the runtime's function table: its link-time address, and its bytes
// (or more: they may run on to the end of its section).
type pclntab struct {
	addr uint64
	data []byte
}

// findPclntab finds the table. The Go linker gives it a section. Where the C
// linker makes a position-independent program, before Go 1.26, it lies in
// .data.rel.ro: a symbol tells where, or else its first bytes.
func findPclntab(f *elf.File) (pclntab, bool) {
	for _, s := range f.Sections {
		if s.Name == ".gopclntab" || strings.HasSuffix(s.Name, ".ro.gopclntab") {
			data, err := sectionData(s)
			return pclntab{s.Addr, data}, err == nil
		}
	}
	s := f.Section(".data.rel.ro")
	if s == nil {
		return pclntab{}, false
	}
	data, err := sectionData(s)
	if err != nil {
		return pclntab{}, false
	}
	off, ok := pclntabOffset(f, s, data)
	if !ok {
		return pclntab{}, false
	}
	return pclntab{s.Addr + off, data[off:]}, true
}

func pclntabOffset(f *elf.File, s *elf.Section, data []byte) (uint64, bool) {
	const name = "runtime.pclntab"
	if t, ok, err := readSymtab(f, elf.SHT_SYMTAB); err == nil && ok {
		if addr, ok := t.lookup(map[string]bool{name: true})[name]; ok && addr >= s.Addr && addr-s.Addr < uint64(len(data)) {
			return addr - s.Addr, true
		}
	}
	for off := 0; off+8 <= len(data); off += 8 {
		if isPclntab(data[off:]) {
			return uint64(off), true
		}
	}
	return 0, false
}

// isPclntab looks for pcHeader (runtime/symtab.go): a magic of Go 1.2, 1.16, 1.18
// or 1.20, two zeros, the least instruction size and 8-byte pointers.
func isPclntab(b []byte) bool {
	magic := binary.LittleEndian.Uint32(b)
	known := magic == 0xfffffffb || magic == 0xfffffffa || magic == 0xfffffff0 || magic == 0xfffffff1
	return known && b[4] == 0 && b[5] == 0 && (b[6] == 1 || b[6] == 4) && b[7] == 8
}

// textStart is the link-time address of runtime.text, from which the table
// counts. The symbol table says it; a stripped program's memory says it too.
// .text begins there unless the C linker put C code first.
func (im *image) textStart(table pclntab, m reader, bias uint64) uint64 {
	if t, ok, err := readSymtab(im.elf, elf.SHT_SYMTAB); err == nil && ok {
		if addr, ok := t.lookup(map[string]bool{"runtime.text": true})["runtime.text"]; ok {
			return addr
		}
	}
	if addr, ok := im.textFromModule(table, m, bias); ok {
		return addr
	}
	if addr, ok := im.textFromHeader(table, m, bias); ok {
		return addr
	}
	if text := im.elf.Section(".text"); text != nil {
		return text.Addr
	}
	return 0
}

// textFromHeader reads pcHeader.textStart (runtime/symtab.go, Go 1.18 to 1.25)
// from memory, where it has been relocated. Since Go 1.26 it is 0.
func (im *image) textFromHeader(table pclntab, m reader, bias uint64) (uint64, bool) {
	const textStart = 24
	addr, err := m.word(table.addr + bias + textStart)
	if err != nil {
		return 0, false
	}
	return addr - bias, im.executable(addr - bias)
}

// textFromModule reads runtime.firstmoduledata.text, which since Go 1.26 has a
// section of its own. The fields are those of moduledata (runtime/symtab.go);
// that the first points to the table is the proof.
func (im *image) textFromModule(table pclntab, m reader, bias uint64) (uint64, bool) {
	const text = 176
	module := im.elf.Section(".go.module")
	if module == nil {
		return 0, false
	}
	var b [text + 8]byte
	if err := m.read(b[:], []span{{module.Addr + bias, len(b)}}); err != nil {
		return 0, false
	}
	if binary.LittleEndian.Uint64(b[:]) != table.addr+bias {
		return 0, false
	}
	addr := binary.LittleEndian.Uint64(b[text:]) - bias
	return addr, im.executable(addr)
}

// executable reports whether the link-time address lies in executable memory.
func (im *image) executable(addr uint64) bool {
	for _, p := range im.elf.Progs {
		if p.Type == elf.PT_LOAD && p.Flags&elf.PF_X != 0 && addr >= p.Vaddr && addr-p.Vaddr < p.Memsz {
			return true
		}
	}
	return false
}
