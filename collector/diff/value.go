package diff

import "encoding/json"

// Value is a number, a text, or nothing that is known.
type Value struct {
	Number *int64
	Text   string
}

// Known reports whether there is one.
func (v Value) Known() bool { return v.Number != nil || v.Text != "" }

// MarshalJSON gives a number, a string, or null.
func (v Value) MarshalJSON() ([]byte, error) {
	switch {
	case v.Number != nil:
		return json.Marshal(*v.Number)
	case v.Text != "":
		return json.Marshal(v.Text)
	}
	return []byte("null"), nil
}

func number(n int64) Value { return Value{Number: &n} }

// unsigned is for what a recording may have made larger than an int64.
func unsigned(n uint64) Value { return number(int64(min(n, 1<<63-1))) }

func text(s string) Value { return Value{Text: s} }
