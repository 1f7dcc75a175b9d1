package main

import (
	"encoding/json"
	"fmt"
	"io"
	"unicode/utf8"
)

// printJSON writes the object as one line.
func printJSON(w io.Writer, object any) error {
	text, err := json.Marshal(object)
	if err != nil {
		return err
	}
	_, err = w.Write(append(withoutC1(text), '\n'))
	return err
}

// withoutC1 escapes the control characters that JSON lets through, DEL and
// U+0080 to U+009F: some terminals obey them, and names are the target's.
func withoutC1(text []byte) []byte {
	out := make([]byte, 0, len(text)+1)
	for len(text) > 0 {
		r, n := utf8.DecodeRune(text)
		if r >= 0x7f && r < 0xa0 {
			out = fmt.Appendf(out, `\u%04x`, r)
		} else {
			out = append(out, text[:n]...)
		}
		text = text[n:]
	}
	return out
}
