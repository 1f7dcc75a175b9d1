package layout

import (
	"bytes"
	"debug/elf"
	"encoding/binary"
	"strings"
	"testing"
	"time"
)

// The abbreviations of the hostile files.
const (
	entryUnit     = 1 // DW_TAG_compile_unit, with children: a name
	entryTypedef  = 2 // DW_TAG_typedef: a type
	entryNamed    = 3 // DW_TAG_typedef: a name, a type
	entryNest     = 4 // DW_TAG_structure_type, with children: nothing
	entrySibling  = 5 // DW_TAG_structure_type, with children: a sibling
	entryMember   = 6 // DW_TAG_member: a name, a type
	entryMspan    = 7 // DW_TAG_structure_type, with children: a name
	entryArray    = 8 // DW_TAG_array_type: a type
	hostileAbbrev = "\x01\x11\x01\x03\x08\x00\x00" +
		"\x02\x16\x00\x49\x13\x00\x00" +
		"\x03\x16\x00\x03\x08\x49\x13\x00\x00" +
		"\x04\x13\x01\x00\x00" +
		"\x05\x13\x01\x01\x13\x00\x00" +
		"\x06\x0d\x00\x03\x08\x49\x13\x00\x00" +
		"\x07\x13\x01\x03\x08\x00\x00" +
		"\x08\x01\x00\x49\x13\x00\x00" +
		"\x00"
)

// hostileUnit is a DWARF 4 unit of package runtime that holds the entries.
func hostileUnit(entries []byte) []byte {
	body := "\x04\x00" + "\x00\x00\x00\x00" + "\x08" + string(rune(entryUnit)) + "runtime\x00"
	b := binary.LittleEndian.AppendUint32(nil, uint32(len(body)+len(entries)))
	return append(append(b, body...), entries...)
}

// entriesAt is where the entries of hostileUnit begin.
const entriesAt = 4 + 7 + 1 + 8

// chain is n entries of 5 bytes, of which each one's type is the next.
func chain(entry byte, at, n int) []byte {
	b := make([]byte, 0, 5*n)
	for i := range n {
		b = binary.LittleEndian.AppendUint32(append(b, entry), uint32(at+5*(i+1)))
	}
	return b
}

// TestHostileTypes: none of what a program's file may say of its types takes the
// process down, by its stack or its memory, or runs for ever. A stack that
// overflows cannot be caught: it would end this test's program.
func TestHostileTypes(t *testing.T) {
	t.Parallel()
	const many = 3_000_000
	const name = "\x03runtime.mspan\x00"
	after := entriesAt + len(name) + 4
	named := binary.LittleEndian.AppendUint32([]byte(name), uint32(after))
	self := binary.LittleEndian.AppendUint32([]byte(name), entriesAt)
	field := "\x07runtime.mspan\x00" + "\x06startAddr\x00"
	fieldType := entriesAt + len(field) + 4 + 1
	deepField := append(binary.LittleEndian.AppendUint32([]byte(field), uint32(fieldType)), 0)
	back := binary.LittleEndian.AppendUint32([]byte{entrySibling}, entriesAt)
	join := func(parts ...[]byte) []byte { return bytes.Join(parts, nil) }
	for name, tt := range map[string]struct {
		info   []byte
		abbrev string
		want   string
	}{
		"typedefs":        {hostileUnit(join(named, chain(entryTypedef, after, many))), hostileAbbrev, "chain of more"},
		"arrays":          {hostileUnit(join(named, chain(entryArray, after, many))), hostileAbbrev, "chain of more"},
		"a cycle":         {hostileUnit(self), hostileAbbrev, "chain of more"},
		"a field's":       {hostileUnit(join(deepField, chain(entryTypedef, fieldType, many))), hostileAbbrev, "no size of"},
		"nested":          {hostileUnit(bytes.Repeat([]byte{entryNest}, 3*many)), hostileAbbrev, "no size of"},
		"nested members":  {hostileUnit(join([]byte("\x07runtime.mspan\x00"), bytes.Repeat([]byte{entryNest}, many))), hostileAbbrev, "in a type"},
		"sibling before":  {hostileUnit(back), hostileAbbrev, "no size of"},
		"many units":      {bytes.Repeat(hostileUnit(nil), many/4), hostileAbbrev, "units"},
		"zeros":           {make([]byte, 64<<20), hostileAbbrev, "units"},
		"a long unit":     {[]byte("\xf0\xff\x00\x00\x04\x00"), hostileAbbrev, "units"},
		"long abbrev":     {hostileUnit(nil), strings.Repeat("\x01", maxAbbrev+1), "abbreviations"},
		"overlapped":      {overlapped(), strings.Repeat("\x01\x01\x01\x00\x00", 10_000), "overlap"},
		"nothing but one": {hostileUnit(nil), hostileAbbrev, "no size of"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f, err := elf.NewFile(bytes.NewReader(debugELF(t, tt.info, []byte(tt.abbrev))))
			if err != nil {
				t.Fatal(err)
			}
			began := time.Now()
			_, _, err = FromDWARF(f, 26)
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("FromDWARF: %v, want an error with %q", err, tt.want)
			}
			if took := time.Since(began); took > 10*time.Second {
				t.Errorf("it took %v", took)
			}
		})
	}
}

// overlapped is units of which each one's abbreviations begin one later in the
// same table.
func overlapped() []byte {
	var all []byte
	for i := range 1000 {
		u := hostileUnit(nil)
		binary.LittleEndian.PutUint32(u[6:], uint32(5*i))
		all = append(all, u...)
	}
	return all
}

// debugELF is a file of two debugging sections.
func debugELF(t *testing.T, info, abbrev []byte) []byte {
	t.Helper()
	names := []byte("\x00.debug_info\x00.debug_abbrev\x00.shstrtab\x00")
	h := elf.Header64{
		Type: uint16(elf.ET_EXEC), Machine: uint16(elf.EM_X86_64), Version: 1, Shoff: 64,
		Ehsize: 64, Shentsize: 64, Shnum: 4, Shstrndx: 3,
	}
	copy(h.Ident[:], "\x7fELF\x02\x01\x01")
	parts := []any{h, elf.Section64{}}
	at := uint64(64 + 4*64)
	for _, s := range []struct {
		name uint32
		kind elf.SectionType
		data []byte
	}{{1, elf.SHT_PROGBITS, info}, {13, elf.SHT_PROGBITS, abbrev}, {27, elf.SHT_STRTAB, names}} {
		parts = append(parts, elf.Section64{Name: s.name, Type: uint32(s.kind), Off: at, Size: uint64(len(s.data))})
		at += uint64(len(s.data))
	}
	var out bytes.Buffer
	for _, part := range append(parts, info, abbrev, names) {
		if err := binary.Write(&out, binary.LittleEndian, part); err != nil {
			t.Fatal(err)
		}
	}
	return out.Bytes()
}
