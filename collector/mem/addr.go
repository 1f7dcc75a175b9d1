package mem

import (
	"fmt"
	"strconv"
	"strings"
)

// Addr is a virtual address of the target.
type Addr uint64

// String formats the address in hexadecimal, as the kernel's maps files do.
func (a Addr) String() string { return "0x" + strconv.FormatUint(uint64(a), 16) }

// MarshalText writes the address as "0x...": JSON numbers lose bits above 2^53.
func (a Addr) MarshalText() ([]byte, error) { return []byte(a.String()), nil }

// UnmarshalText reads what MarshalText writes.
func (a *Addr) UnmarshalText(text []byte) error {
	digits, ok := strings.CutPrefix(string(text), "0x")
	if !ok {
		return fmt.Errorf("address %q: want 0x and hexadecimal digits", text)
	}
	v, err := strconv.ParseUint(digits, 16, 64)
	if err != nil {
		return fmt.Errorf("address %q: want 0x and hexadecimal digits", text)
	}
	*a = Addr(v)
	return nil
}

// Range is the half-open span of addresses [Start, End).
type Range struct {
	Start Addr `json:"start"`
	End   Addr `json:"end"`
}

// RangeAt is the range of length bytes at start. A length that would pass the
// end of the address space is cut there: arguments of a system call are
// whatever the target passed.
func RangeAt(start Addr, length uint64) Range {
	end := start + Addr(length)
	if end < start {
		end = ^Addr(0)
	}
	return Range{Start: start, End: end}
}

// Len is the range's length in bytes; an inverted range is empty.
func (r Range) Len() uint64 {
	if r.End <= r.Start {
		return 0
	}
	return uint64(r.End - r.Start)
}

// Empty reports whether the range holds no address.
func (r Range) Empty() bool { return r.End <= r.Start }

// Contains reports whether a lies within the range.
func (r Range) Contains(a Addr) bool { return r.Start <= a && a < r.End }

// Intersect is the part that both ranges share, possibly empty.
func (r Range) Intersect(o Range) Range {
	out := Range{Start: max(r.Start, o.Start), End: min(r.End, o.End)}
	if out.End < out.Start {
		out.End = out.Start
	}
	return out
}

// String formats the range as the kernel's maps files do.
func (r Range) String() string { return fmt.Sprintf("%x-%x", uint64(r.Start), uint64(r.End)) }

// Overlaps reports whether any of the ranges holds a part of r.
func Overlaps(ranges []Range, r Range) bool {
	for _, a := range ranges {
		if !a.Intersect(r).Empty() {
			return true
		}
	}
	return false
}
