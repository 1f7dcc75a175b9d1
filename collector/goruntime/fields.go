package goruntime

import (
	"debug/elf"
	"fmt"

	"whyres/collector/goruntime/internal/layout"
)

// where holds the absolute addresses of the runtime's variables in the target,
// and the layout that tells their fields.
type where struct {
	layout layout.Layout
	addr   map[string]uint64
	source layoutSource
	arch   string
	minor  int
}

// layoutSource is where a layout comes from.
type layoutSource int

// The sources: the table, for this very version; the binary's own DWARF; the
// table, for a version nearby.
const (
	fromTable layoutSource = iota
	fromDWARF
	fromNearby
)

// field is the absolute address of a field of a variable. The keys are those of
// layout.Roots; a required key is always there since the layout was checked.
func (w *where) field(variable, path string) uint64 {
	return w.addr[variable] + w.layout[variable+"."+path]
}

// off is the offset of a field within its variable or type.
func (w *where) off(key string) int { return int(w.layout[key]) }

// has reports whether this version has the field.
func (w *where) has(key string) bool {
	_, ok := w.layout[key]
	return ok
}

// newWhere checks a layout; where the variables are is still to be said.
func newWhere(l layout.Layout, source layoutSource, arch string, minor int) (*where, error) {
	w := &where{layout: l, source: source, arch: arch, minor: minor, addr: map[string]uint64{}}
	if err := l.Check(minor); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrNoLayout, err)
	}
	if err := w.checkSizes(); err != nil {
		return nil, err
	}
	return w, nil
}

// isCgo is the variable that says whether C code is linked in. DWARF has it in
// package runtime, or in runtime/cgo, which sets it: only the symbol table is
// asked.
const isCgo = "runtime.iscgo"

// variableSymbols looks the roots' variables up in the symbol table.
func variableSymbols(im *image, minor int) (map[string]uint64, bool, error) {
	t, ok, err := readSymtab(im.elf, elf.SHT_SYMTAB)
	if err != nil || !ok {
		return nil, false, err
	}
	want := map[string]bool{isCgo: true}
	for _, root := range layout.Roots() {
		if root.Var != "" && root.Speaks(minor) {
			want[root.Var] = true
		}
	}
	got := t.lookup(want)
	return got, len(got) > 0, nil
}

// place notes each variable's address (link-time), from the symbol table or else DWARF.
// What a version or a program does not have has none.
func (w *where) place(symbols, debugAddrs map[string]uint64) error {
	for _, root := range layout.Roots() {
		if root.Var == "" || !root.Speaks(w.minor) {
			continue
		}
		addr, ok := symbols[root.Var]
		if !ok {
			addr, ok = debugAddrs[root.Var]
		}
		if !ok {
			if root.Optional {
				continue
			}
			return fmt.Errorf("%w: no address of %s", ErrNoSymbols, root.Var)
		}
		w.addr[root.Key] = addr
	}
	if addr, ok := symbols[isCgo]; ok {
		w.addr[isCgo] = addr
	}
	return nil
}

// relocate adds the load bias to every address.
func (w *where) relocate(bias uint64) {
	for key := range w.addr {
		w.addr[key] += bias
	}
}
