package timeline

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Clean makes a string of the target fit to print, for lines that are not the
// timeline's: no control character is left, and no more than so many columns.
func Clean(s string, atMost int) string { return clean(s, atMost) }

// clean makes a string of the target fit to print: names of processes, functions
// and mappings may hold anything, terminal escapes included. What is not printable
// is shown as an escape of Go; a long string is cut in the middle, where names
// differ least.
func clean(s string, atMost int) string {
	var b strings.Builder
	for i := 0; i < len(s) && b.Len() <= 8*atMost; {
		r, n := utf8.DecodeRuneInString(s[i:])
		switch {
		case r == utf8.RuneError && n == 1:
			fmt.Fprintf(&b, `\x%02x`, s[i])
		case r == '\u00a0':
			b.WriteByte(' ')
		case unicode.IsPrint(r):
			b.WriteRune(r)
		case r < 0x80:
			fmt.Fprintf(&b, `\x%02x`, r)
		default:
			fmt.Fprintf(&b, `\u%04x`, r)
		}
		i += n
	}
	return cutMiddle(b.String(), atMost)
}

func cutMiddle(s string, atMost int) string {
	if width(s) <= atMost {
		return s
	}
	runes := []rune(s)
	head := takeWidth(runes, (atMost-1)/3)
	room := atMost - 1 - width(string(runes[:head]))
	tail := len(runes)
	for tail > head && room >= runeWidth(runes[tail-1]) {
		tail--
		room -= runeWidth(runes[tail])
	}
	return string(runes[:head]) + "…" + string(runes[tail:])
}

// takeWidth is how many runes fit into w columns.
func takeWidth(runes []rune, w int) int {
	for i, r := range runes {
		if w -= runeWidth(r); w < 0 {
			return i
		}
	}
	return len(runes)
}

// width is how many columns a printable string takes.
func width(s string) int {
	n := 0
	for _, r := range s {
		n += runeWidth(r)
	}
	return n
}

// runeWidth is 0 for marks that combine with the rune before them, 2 for the
// wide scripts of East Asia and for pictographs, else 1.
func runeWidth(r rune) int {
	switch {
	case r < 0x300:
		return 1
	case unicode.Is(unicode.Mn, r), unicode.Is(unicode.Me, r):
		return 0
	case wide(r):
		return 2
	}
	return 1
}

func wide(r rune) bool {
	for _, block := range [...][2]rune{
		{0x1100, 0x115f},
		{0x2e80, 0xa4cf},
		{0xac00, 0xd7a3},
		{0xf900, 0xfaff},
		{0xfe30, 0xfe6f},
		{0xff00, 0xff60},
		{0xffe0, 0xffe6},
		{0x1f300, 0x1faff},
		{0x20000, 0x3fffd},
	} {
		if block[0] <= r && r <= block[1] {
			return true
		}
	}
	return false
}
