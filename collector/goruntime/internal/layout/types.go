package layout

import (
	"debug/dwarf"
	"errors"
	"fmt"
	"math"
)

// Bounds of what is read of types. debug/dwarf's own Data.Type follows every
// type that can be reached, by recursion, one level for each link: a file with
// some millions of typedefs would overflow the stack, which nothing can catch.
// Here only what is asked for is looked at.
const (
	// maxChain is of typedefs and qualifiers in a row, or nested arrays; the
	// runtime's have 2 or 3.
	maxChain = 64
	// maxEntries is of the entries below one struct or array; the runtime's
	// largest structs have some hundred.
	maxEntries = 1 << 16
)

var errChain = fmt.Errorf("damaged DWARF: a chain of more than %d types", maxChain)

// types reads sizes and members of types, each struct once.
type types struct {
	data    *dwarf.Data
	structs map[dwarf.Offset][]member
}

// member is a field of a struct.
type member struct {
	name string
	// offset is in bytes from the struct's begin; below 0 if it is not known.
	offset int64
	// typ is its type's entry, where typed.
	typ   dwarf.Offset
	typed bool
}

func newTypes(data *dwarf.Data) *types {
	return &types{data: data, structs: map[dwarf.Offset][]member{}}
}

// at reads one entry, and leaves the reader before its children.
func (t *types) at(off dwarf.Offset) (*dwarf.Reader, *dwarf.Entry, error) {
	r := t.data.Reader()
	r.Seek(off)
	e, err := r.Next()
	if err == nil && (e == nil || e.Tag == 0) {
		err = fmt.Errorf("no entry at %#x", off)
	}
	if err != nil {
		return nil, nil, fmt.Errorf("damaged DWARF: %w", err)
	}
	return r, e, nil
}

// plain looks through typedefs and qualifiers. ok is false if there is nothing
// behind them (C's void).
func (t *types) plain(off dwarf.Offset) (r *dwarf.Reader, e *dwarf.Entry, ok bool, err error) {
	for range maxChain {
		if r, e, err = t.at(off); err != nil {
			return nil, nil, false, err
		}
		switch e.Tag {
		case dwarf.TagTypedef, dwarf.TagConstType, dwarf.TagVolatileType, dwarf.TagRestrictType:
		default:
			return r, e, true, nil
		}
		if off, ok = typeOf(e); !ok {
			return nil, nil, false, nil
		}
	}
	return nil, nil, false, errChain
}

// size is in bytes; 0 or less if it is not known.
func (t *types) size(off dwarf.Offset) (int64, error) {
	count := int64(1)
	for range maxChain {
		r, e, ok, err := t.plain(off)
		if err != nil || !ok {
			return 0, err
		}
		if e.Tag != dwarf.TagArrayType {
			return product(count, ownSize(r, e)), nil
		}
		elements, err := dimensions(r, e)
		if err != nil {
			return 0, err
		}
		if off, ok = typeOf(e); !ok {
			return 0, nil
		}
		count = product(count, elements)
	}
	return 0, errChain
}

// ownSize is what the entry itself says, 0 if nothing.
func ownSize(r *dwarf.Reader, e *dwarf.Entry) int64 {
	if size, ok := e.Val(dwarf.AttrByteSize).(int64); ok {
		return size
	}
	if e.Tag == dwarf.TagPointerType {
		return int64(r.AddressSize())
	}
	return 0
}

// product is 0 where a factor is not known or the result is absurd.
func product(a, b int64) int64 {
	if a <= 0 || b <= 0 || a > math.MaxInt64/b {
		return 0
	}
	return a * b
}

// dimensions is the number of an array's elements, 0 if it is not known.
func dimensions(r *dwarf.Reader, array *dwarf.Entry) (int64, error) {
	count, known := int64(1), false
	err := children(r, array, func(e *dwarf.Entry) {
		if e.Tag != dwarf.TagSubrangeType {
			return
		}
		n, ok := e.Val(dwarf.AttrCount).(int64)
		if !ok {
			// C says the last index instead.
			if n, ok = e.Val(dwarf.AttrUpperBound).(int64); ok && n < math.MaxInt64 {
				n++
			}
		}
		count, known = product(count, n), true
	})
	if !known {
		return 0, err
	}
	return count, err
}

// members are the fields of a struct; none if the type is no struct.
func (t *types) members(off dwarf.Offset) ([]member, error) {
	if known, ok := t.structs[off]; ok {
		return known, nil
	}
	r, e, ok, err := t.plain(off)
	if err != nil {
		return nil, err
	}
	var found []member
	if ok && (e.Tag == dwarf.TagStructType || e.Tag == dwarf.TagClassType || e.Tag == dwarf.TagUnionType) {
		err = children(r, e, func(e *dwarf.Entry) {
			if e.Tag == dwarf.TagMember {
				found = append(found, memberOf(e))
			}
		})
	}
	if err != nil {
		return nil, err
	}
	t.structs[off] = found
	return found, nil
}

func memberOf(e *dwarf.Entry) member {
	m := member{}
	m.name, _ = e.Val(dwarf.AttrName).(string)
	m.typ, m.typed = typeOf(e)
	switch at := e.Val(dwarf.AttrDataMemberLoc).(type) {
	case int64:
		m.offset = at
	case []byte:
		m.offset = plusConst(at)
	}
	return m
}

// plusConst decodes DW_OP_plus_uconst and a LEB128 number, as Go before 1.13
// writes a member's place; -1 for anything else.
func plusConst(loc []byte) int64 {
	const opPlusUconst = 0x23
	if len(loc) < 2 || len(loc) > 9 || loc[0] != opPlusUconst {
		return -1
	}
	var n int64
	for i, b := range loc[1:] {
		n |= int64(b&0x7f) << (7 * i)
		if b < 0x80 {
			return n
		}
	}
	return -1
}

// offset follows the path through nested structs; ok is false if there is none
// such.
func (t *types) offset(typ dwarf.Offset, path []string) (sum uint64, ok bool, err error) {
	typed := true
	for _, name := range path {
		if !typed {
			return 0, false, nil
		}
		fields, err := t.members(typ)
		if err != nil {
			return 0, false, err
		}
		m, ok := fieldOf(fields, name)
		if !ok || m.offset < 0 {
			return 0, false, nil
		}
		sum += uint64(m.offset)
		typ, typed = m.typ, m.typed
	}
	return sum, true, nil
}

func fieldOf(fields []member, name string) (member, bool) {
	for _, m := range fields {
		if m.name == name {
			return m, true
		}
	}
	return member{}, false
}

// typeOf is where the type is that the entry refers to.
func typeOf(e *dwarf.Entry) (dwarf.Offset, bool) {
	off, ok := e.Val(dwarf.AttrType).(dwarf.Offset)
	return off, ok
}

// children visits the entries directly below one that has just been read.
func children(r *dwarf.Reader, parent *dwarf.Entry, visit func(*dwarf.Entry)) error {
	if !parent.Children {
		return nil
	}
	depth := 0
	for range maxEntries {
		e, err := r.Next()
		if err != nil {
			return fmt.Errorf("damaged DWARF: %w", err)
		}
		switch {
		case e == nil:
			return errors.New("damaged DWARF: it ends within a type")
		case e.Tag == 0 && depth == 0:
			return nil
		case e.Tag == 0:
			depth--
			continue
		case depth == 0:
			visit(e)
		}
		if e.Children {
			depth++
		}
	}
	return fmt.Errorf("damaged DWARF: more than %d entries in a type", maxEntries)
}

// skip passes over what is below an entry that has just been read. The reader's
// own SkipChildren recurses as deep as entries are nested.
func skip(r *dwarf.Reader, parent *dwarf.Entry) error {
	if !parent.Children {
		return nil
	}
	if sibling, ok := parent.Val(dwarf.AttrSibling).(dwarf.Offset); ok && sibling > parent.Offset {
		r.Seek(sibling)
		return nil
	}
	for depth := 1; depth > 0; {
		e, err := r.Next()
		if err != nil {
			return fmt.Errorf("damaged DWARF: %w", err)
		}
		switch {
		case e == nil:
			return nil
		case e.Tag == 0:
			depth--
		case e.Children:
			depth++
		}
	}
	return nil
}
