package goruntime

import (
	"debug/elf"
	"strings"
)

// Tables are the parts of a program's file that tell where the runtime's
// variables are.
type Tables struct {
	// Symbols: it has a symbol table. DWARF: it has debugging information.
	Symbols, DWARF bool
}

// TablesOf looks at the program that the process runs.
func TablesOf(proc string, pid int) (Tables, error) {
	im, _, err := openImage(proc, pid)
	if err != nil {
		return Tables{}, err
	}
	var t Tables
	for _, s := range im.elf.Sections {
		t.Symbols = t.Symbols || s.Type == elf.SHT_SYMTAB && s.Size > 0
		t.DWARF = t.DWARF || strings.HasSuffix(s.Name, "debug_info") && s.Type != elf.SHT_NOBITS && s.Size > 0
	}
	return t, im.close()
}
