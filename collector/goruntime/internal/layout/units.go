package layout

import (
	"debug/dwarf"
	"encoding/binary"
	"errors"
	"fmt"
)

// Bounds of what debug/dwarf makes of a file at once: it keeps more than 100
// bytes for each unit, and parses a table of abbreviations for each place that a
// unit names, in whatever table it lies. Go's linker writes one unit a package
// and one table.
const (
	maxUnits = 1 << 18
	// maxAbbrev is in bytes.
	maxAbbrev = 8 << 20
)

var errUnits = errors.New("damaged DWARF: its units")

// unitsOf returns where the first entry of each unit is, of little-endian DWARF
// 2 to 5. It comes before dwarf.New, and refuses what would take that endless
// memory.
func unitsOf(info, abbrev []byte) ([]dwarf.Offset, error) {
	// The same bytes tell debug/dwarf the byte order: another one would be
	// counted otherwise here than there.
	if len(info) < 6 || info[4] == 0 || info[5] != 0 {
		return nil, fmt.Errorf("%w: not little-endian", errUnits)
	}
	if len(abbrev) > maxAbbrev {
		return nil, fmt.Errorf("%w: abbreviations of %d bytes: more than %d, refused", errUnits, len(abbrev), maxAbbrev)
	}
	var found []dwarf.Offset
	tables, left := map[uint64]bool{}, len(abbrev)
	for at, count := 0, 0; at < len(info); {
		u, ok := unitAt(info[at:])
		if !ok || count == maxUnits {
			return nil, fmt.Errorf("%w: bad at %#x, after %d", errUnits, at, count)
		}
		if u.empty {
			at += u.size
			continue
		}
		count++
		if !tables[u.abbrev] {
			tables[u.abbrev] = true
			// Tables that are apart are no longer than the section.
			if left -= tableSize(abbrev, u.abbrev); left < 0 {
				return nil, fmt.Errorf("%w: their tables of abbreviations overlap", errUnits)
			}
		}
		if u.header < u.size {
			found = append(found, dwarf.Offset(at+u.header))
		}
		at += u.size
	}
	return found, nil
}

// unit is a unit's header (DWARF 5, 7.5.1).
type unit struct {
	// size is of all the unit, header of what comes before its first entry.
	size, header int
	abbrev       uint64
	// empty: a length of 0, which pads.
	empty bool
}

func unitAt(b []byte) (u unit, ok bool) {
	word, at := 4, 4
	if len(b) < at {
		return u, false
	}
	length := uint64(binary.LittleEndian.Uint32(b))
	if length == 0xffffffff {
		word, at = 8, 12
		if len(b) < at {
			return u, false
		}
		length = binary.LittleEndian.Uint64(b[4:])
	}
	if length > uint64(len(b)-at) {
		return u, false
	}
	u.size = at + int(length)
	if length == 0 {
		u.empty = true
		return u, true
	}
	b = b[:u.size]
	// The longest header: version, kind, size of addresses, abbreviations,
	// signature and type.
	var head [2 + 2 + 8 + 8 + 8]byte
	copy(head[:], b[at:])
	version, abbrevAt := binary.LittleEndian.Uint16(head[:]), 2
	u.header = at + 2 + word + 1
	if version >= 5 {
		abbrevAt = 4
		u.header += 1 + extra(head[2], word)
	}
	u.abbrev = uint64(binary.LittleEndian.Uint32(head[abbrevAt:]))
	if word == 8 {
		u.abbrev = binary.LittleEndian.Uint64(head[abbrevAt:])
	}
	return u, version >= 2 && version <= 5 && u.header <= u.size
}

// extra is what a unit of this kind has more in its header: skeletons and their
// counterparts an id, types a signature and an offset.
func extra(kind byte, word int) int {
	switch kind {
	case 0x04, 0x05: // DW_UT_skeleton, DW_UT_split_compile
		return 8
	case 0x02, 0x06: // DW_UT_type, DW_UT_split_type
		return 8 + word
	}
	return 0
}

// tableSize is the size of the table of abbreviations that begins there, up to
// its end or the section's.
func tableSize(abbrev []byte, off uint64) int {
	const formImplicitConst = 0x21
	if off >= uint64(len(abbrev)) {
		return 0
	}
	b := abbrev[off:]
	at := 0
	next := func() (n uint64) {
		for shift := 0; at < len(b); shift += 7 {
			c := b[at]
			at++
			n |= uint64(c&0x7f) << shift
			if c < 0x80 {
				break
			}
		}
		return n
	}
	for next() != 0 { // the code
		next() // the tag
		at++   // whether it has children
		for at < len(b) {
			name, form := next(), next()
			if name == 0 && form == 0 {
				break
			}
			if form == formImplicitConst {
				next()
			}
		}
	}
	return min(at, len(b))
}
