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

// pclntab is the section that holds the table, nil if there is none. Position
// independent programs linked by the C linker prefix its name.
func pclntab(f *elf.File) *elf.Section {
	for _, s := range f.Sections {
		if s.Name == ".gopclntab" || strings.HasSuffix(s.Name, ".ro.gopclntab") {
			return s
		}
	}
	return nil
}

// textStart is the link-time address of runtime.text, from which the table
// counts. The symbol table says it; a stripped program's memory says it too.
// .text begins there unless the C linker put C code first.
func (im *image) textStart(table *elf.Section, m *memory, bias uint64) uint64 {
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
func (im *image) textFromHeader(table *elf.Section, m *memory, bias uint64) (uint64, bool) {
	const textStart = 24
	addr, err := m.word(table.Addr + bias + textStart)
	if err != nil {
		return 0, false
	}
	return addr - bias, im.executable(addr - bias)
}

// textFromModule reads runtime.firstmoduledata.text, which since Go 1.26 has a
// section of its own. The fields are those of moduledata (runtime/symtab.go);
// that the first points to the table is the proof.
func (im *image) textFromModule(table *elf.Section, m *memory, bias uint64) (uint64, bool) {
	const text = 176
	module := im.elf.Section(".go.module")
	if module == nil {
		return 0, false
	}
	var b [text + 8]byte
	if err := m.read(b[:], []span{{module.Addr + bias, len(b)}}); err != nil {
		return 0, false
	}
	if binary.LittleEndian.Uint64(b[:]) != table.Addr+bias {
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
