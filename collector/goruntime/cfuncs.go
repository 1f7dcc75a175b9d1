package goruntime

import (
	"cmp"
	"debug/elf"
	"slices"
)

// maxCFuncs bounds the functions kept of one file.
const maxCFuncs = 1 << 18

// cFuncs are the functions of an ELF file's symbol tables, by link-time
// address.
type cFuncs struct {
	f     *elf.File
	table []cFunc
}

type cFunc struct {
	addr, size uint64
	name       string
}

// newCFuncs takes .symtab, or .dynsym where the file is stripped.
func newCFuncs(f *elf.File) *cFuncs {
	c := &cFuncs{f: f}
	for _, kind := range []elf.SectionType{elf.SHT_SYMTAB, elf.SHT_DYNSYM} {
		t, ok, err := readSymtab(f, kind)
		if err == nil && ok {
			c.add(t)
			break
		}
	}
	slices.SortFunc(c.table, func(a, b cFunc) int { return cmp.Compare(a.addr, b.addr) })
	return c
}

func (c *cFuncs) add(t symtab) {
	for i := range t.len() {
		s := t.at(i)
		if s.typ != elf.STT_FUNC || s.section == elf.SHN_UNDEF || len(c.table) >= maxCFuncs {
			continue
		}
		if name := t.name(s); len(name) > 0 {
			c.table = append(c.table, cFunc{s.value, s.size, bounded(string(name[:min(len(name), maxName+1)]))})
		}
	}
}

// name is the function at the link-time address. A function without a size
// (hand-written assembly) reaches to the next one.
func (c *cFuncs) name(addr uint64) (string, bool) {
	i, exact := slices.BinarySearchFunc(c.table, addr, func(f cFunc, a uint64) int { return cmp.Compare(f.addr, a) })
	if !exact {
		i--
	}
	if i < 0 {
		return "", false
	}
	f := c.table[i]
	if f.size != 0 && addr-f.addr >= f.size {
		return "", false
	}
	return f.name, true
}

// linkAddr is the link-time address of a file offset in an executable segment.
func linkAddr(f *elf.File, offset uint64) (uint64, bool) {
	for _, p := range f.Progs {
		if p.Type == elf.PT_LOAD && p.Flags&elf.PF_X != 0 && offset >= p.Off && offset-p.Off < p.Filesz {
			return offset - p.Off + p.Vaddr, true
		}
	}
	return 0, false
}
