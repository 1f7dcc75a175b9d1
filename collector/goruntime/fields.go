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
	// exact: the layout is the binary's own, read from its DWARF.
	exact bool
	arch  string
	minor int
}

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

// maxVariable bounds the pieces read from any variable: a damaged layout must
// not make whyres allocate.
const maxVariable = 1 << 20

// findVariables finds the addresses (link-time) and the layout of the
// variables in the program.
func findVariables(im *image, version string) (w *where, notes []string, err error) {
	arch := goarch(im.elf)
	if arch == "" {
		return nil, nil, fmt.Errorf("%w: machine %v, want amd64 or arm64", ErrDamaged, im.elf.Machine)
	}
	v, release := layout.ParseVersion(version)
	w = &where{arch: arch, minor: v.Minor, addr: map[string]uint64{}}
	symbols, hasSymbols, err := variableSymbols(im)
	if err != nil {
		return nil, nil, err
	}
	l, debugAddrs, dwarfErr := layout.FromDWARF(im.elf)
	switch {
	case dwarfErr == nil:
		w.layout, w.exact = l, true
	case !hasSymbols:
		return nil, nil, ErrNoSymbols
	default:
		var note string
		if w.layout, note, err = fromTable(v, release, arch, version, dwarfErr); err != nil {
			return nil, nil, err
		}
		if note != "" {
			notes = append(notes, note)
		}
	}
	if err := w.checkSizes(); err != nil {
		return nil, nil, err
	}
	return w, notes, w.place(symbols, debugAddrs)
}

func fromTable(v layout.Version, release bool, arch, version string, dwarfErr error) (layout.Layout, string, error) {
	if !release {
		return nil, "", fmt.Errorf("%w: %s (%w)", ErrNoLayout, version, dwarfErr)
	}
	l, note, err := layout.FromTable(v, arch)
	if err != nil {
		return nil, "", fmt.Errorf("%w: %s (%w; %w)", ErrNoLayout, version, dwarfErr, err)
	}
	if err := l.Check(); err != nil {
		return nil, "", fmt.Errorf("%w: %s: %w", ErrNoLayout, version, err)
	}
	return l, note, nil
}

// isCgo is the variable that says whether C code is linked in. DWARF has it in
// package runtime, or in runtime/cgo, which sets it: only the symbol table is
// asked.
const isCgo = "runtime.iscgo"

// variableSymbols looks the roots' variables up in the symbol table.
func variableSymbols(im *image) (map[string]uint64, bool, error) {
	t, ok, err := readSymtab(im.elf, elf.SHT_SYMTAB)
	if err != nil || !ok {
		return nil, false, err
	}
	want := map[string]bool{isCgo: true}
	for _, root := range layout.Roots() {
		if root.Var != "" {
			want[root.Var] = true
		}
	}
	got := t.lookup(want)
	return got, len(got) > 0, nil
}

// place notes each variable's address, from the symbol table or else DWARF.
func (w *where) place(symbols, debugAddrs map[string]uint64) error {
	for _, root := range layout.Roots() {
		if root.Var == "" {
			continue
		}
		addr, ok := symbols[root.Var]
		if !ok {
			addr, ok = debugAddrs[root.Var]
		}
		if !ok {
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

func (w *where) checkSizes() error {
	for key, v := range w.layout {
		if v > maxVariable {
			return fmt.Errorf("%w: %s at %d is beyond %d bytes", ErrNoLayout, key, v, maxVariable)
		}
	}
	return nil
}
