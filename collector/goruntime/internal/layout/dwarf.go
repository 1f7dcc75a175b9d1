package layout

import (
	"debug/dwarf"
	"debug/elf"
	"errors"
	"fmt"
	"io"
	"strings"
)

// ErrNoDWARF means that the binary carries no debugging information.
var ErrNoDWARF = errors.New("no DWARF")

// maxSection bounds one (uncompressed) debugging section: 256 MiB, maxSections
// all that are read: 512 MiB.
const (
	maxSection  = 256 << 20
	maxSections = 512 << 20
)

// FromDWARF reads the layout, and the link-time addresses of the variables by
// their linker names, from the binary's DWARF. minor is that of its Go: what
// this version must have and has not is an error. It walks only the units that
// hold package runtime and stops when everything is found. debug/dwarf can
// panic on damaged data: such a panic is returned as an error.
func FromDWARF(f *elf.File, minor int) (l Layout, addrs map[string]uint64, err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("damaged DWARF: %v", r)
		}
	}()
	data, units, err := load(f)
	if err != nil {
		return nil, nil, err
	}
	w := walk{data: data, units: units, minor: minor, found: map[string]dwarf.Offset{}, addrs: map[string]uint64{}}
	w.want = wanted(minor)
	if err := w.run(); err != nil {
		return nil, nil, err
	}
	l, err = w.layout()
	return l, w.addrs, err
}

// load takes only the sections that entries and their names need: the line and
// location tables of a large binary are most of its DWARF. units are the places
// of the units' first entries.
func load(f *elf.File) (d *dwarf.Data, units []dwarf.Offset, err error) {
	left := uint64(maxSections)
	parts := map[string][]byte{}
	for _, name := range []string{"abbrev", "info", "str", "addr", "line_str", "str_offsets", "rnglists"} {
		b, err := section(f, name, min(left, maxSection))
		if err != nil {
			return nil, nil, err
		}
		left -= uint64(len(b))
		parts[name] = b
	}
	if parts["info"] == nil || parts["abbrev"] == nil {
		return nil, nil, ErrNoDWARF
	}
	if units, err = unitsOf(parts["info"], parts["abbrev"]); err != nil {
		return nil, nil, err
	}
	d, err = dwarf.New(parts["abbrev"], nil, nil, parts["info"], nil, nil, nil, parts["str"])
	if err != nil {
		return nil, nil, fmt.Errorf("damaged DWARF: %w", err)
	}
	for _, name := range []string{"addr", "line_str", "str_offsets", "rnglists"} {
		if parts[name] == nil {
			continue
		}
		if err := d.AddSection(".debug_"+name, parts[name]); err != nil {
			return nil, nil, fmt.Errorf("damaged DWARF: %w", err)
		}
	}
	return d, units, nil
}

// section returns the section's bytes, nil if there is none. Both spellings of
// compression (SHF_COMPRESSED and .zdebug_) are read, up to limit bytes.
func section(f *elf.File, name string, limit uint64) ([]byte, error) {
	s := f.Section(".debug_" + name)
	if s == nil {
		s = f.Section(".zdebug_" + name)
	}
	if s == nil || s.Type == elf.SHT_NOBITS {
		return nil, nil
	}
	// A compressed section can claim one size and hold another. Of the old GNU
	// compression, which Go's linker wrote before 1.19, s.Size is the compressed
	// size: debug/elf inflates it on reading.
	claimed := s.Size
	if strings.HasPrefix(s.Name, ".zdebug_") {
		claimed = limit + 1
	}
	if s.Size > limit {
		return nil, fmt.Errorf("section %s of %d bytes: more than %d, refused", s.Name, s.Size, limit)
	}
	b, err := io.ReadAll(io.LimitReader(s.Open(), int64(claimed)))
	if err != nil {
		return nil, fmt.Errorf("section %s: %w", s.Name, err)
	}
	if uint64(len(b)) < s.Size && claimed == s.Size {
		return nil, fmt.Errorf("section %s: it has %d bytes of %d", s.Name, len(b), s.Size)
	}
	if uint64(len(b)) > limit {
		return nil, fmt.Errorf("section %s: more than %d bytes, refused", s.Name, limit)
	}
	return b, nil
}

// walk finds the entries of the roots.
type walk struct {
	data  *dwarf.Data
	units []dwarf.Offset
	minor int
	// want holds the DWARF names not found yet, of variables and types: true
	// for those that must be there.
	want  map[string]bool
	found map[string]dwarf.Offset
	addrs map[string]uint64
}

func wanted(minor int) map[string]bool {
	want := map[string]bool{}
	for _, root := range Roots() {
		if root.Speaks(minor) {
			want[root.Var+root.Type] = want[root.Var+root.Type] || !root.Optional
		}
	}
	return want
}

// complete: nothing is missing that must be there.
func (w *walk) complete() bool {
	for _, must := range w.want {
		if must {
			return false
		}
	}
	return true
}

// run visits the compile units; only that of package runtime can define
// runtime's variables, but its types may be filed under any Go unit.
func (w *walk) run() error {
	r := w.data.Reader()
	for _, first := range w.units {
		r.Seek(first)
		e, err := r.Next()
		if err != nil {
			return fmt.Errorf("damaged DWARF: %w", err)
		}
		if e == nil || e.Tag != dwarf.TagCompileUnit || !isRuntime(e) {
			continue
		}
		if err := w.unit(r); err != nil {
			return err
		}
		if w.complete() {
			break // the rest of the DWARF is long, and has no more of runtime
		}
	}
	return nil
}

func isRuntime(unit *dwarf.Entry) bool {
	name, _ := unit.Val(dwarf.AttrName).(string)
	return name == "runtime"
}

// unit visits the top-level entries of one compile unit.
func (w *walk) unit(r *dwarf.Reader) error {
	for len(w.want) > 0 {
		e, err := r.Next()
		if err != nil {
			return fmt.Errorf("damaged DWARF: %w", err)
		}
		if e == nil || e.Tag == 0 {
			return nil
		}
		w.note(e)
		if err := skip(r, e); err != nil {
			return err
		}
	}
	return nil
}

func (w *walk) note(e *dwarf.Entry) {
	if e.Tag != dwarf.TagVariable && e.Tag != dwarf.TagStructType && e.Tag != dwarf.TagTypedef {
		return
	}
	name, _ := e.Val(dwarf.AttrName).(string)
	if _, wanted := w.want[name]; !wanted {
		return
	}
	delete(w.want, name)
	w.found[name] = e.Offset
	if e.Tag == dwarf.TagVariable {
		if addr, ok := address(e); ok {
			w.addrs[name] = addr
		}
	}
}

// address decodes the location of a global variable: DW_OP_addr and 8 bytes,
// as the Go linker writes it.
func address(e *dwarf.Entry) (uint64, bool) {
	const opAddr = 0x03
	loc, _ := e.Val(dwarf.AttrLocation).([]byte)
	if len(loc) != 9 || loc[0] != opAddr {
		return 0, false
	}
	var a uint64
	for i := 8; i >= 1; i-- {
		a = a<<8 | uint64(loc[i])
	}
	return a, true
}

func (w *walk) layout() (Layout, error) {
	l, known := Layout{}, newTypes(w.data)
	for _, root := range Roots() {
		off, ok := w.found[root.Var+root.Type]
		if !ok || !root.Speaks(w.minor) {
			continue
		}
		if root.Var != "" {
			_, e, err := known.at(off)
			if err != nil {
				return nil, err
			}
			if off, ok = typeOf(e); !ok {
				return nil, fmt.Errorf("damaged DWARF: %s has no type", root.Var)
			}
		}
		if err := l.add(root, known, off); err != nil {
			return nil, fmt.Errorf("type of %s%s: %w", root.Var, root.Type, err)
		}
	}
	return l, l.Check(w.minor)
}

// add takes what the root wants of its type.
func (l Layout) add(root Root, known *types, typ dwarf.Offset) error {
	size, err := known.size(typ)
	if err != nil {
		return err
	}
	if size > 0 {
		l[root.Key] = uint64(size)
	}
	for _, field := range root.Fields {
		path := Path(field)
		off, ok, err := known.offset(typ, strings.Split(path, "."))
		if err != nil {
			return fmt.Errorf("%s: %w", path, err)
		}
		if ok {
			l[root.Key+"."+path] = off
		}
	}
	return nil
}
