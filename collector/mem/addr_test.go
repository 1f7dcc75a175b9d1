package mem

import (
	"encoding/json"
	"testing"
)

func TestAddrInJSON(t *testing.T) {
	for _, a := range []Addr{0, 1, 0xc000000000, 1<<53 + 1, ^Addr(0)} {
		text, err := json.Marshal(a)
		if err != nil {
			t.Fatal(err)
		}
		var back Addr
		if err := json.Unmarshal(text, &back); err != nil || back != a {
			t.Errorf("%v became %s and then %v: %v", a, text, back, err)
		}
	}
	for _, text := range []string{`""`, `"c000"`, `"0x"`, `"0xg"`, `"0x10000000000000000"`, `12`} {
		var a Addr
		if err := json.Unmarshal([]byte(text), &a); err == nil {
			t.Errorf("%s was taken for %v", text, a)
		}
	}
}

func TestRange(t *testing.T) {
	for _, tt := range []struct {
		name  string
		r, o  Range
		both  Range
		bytes uint64
	}{
		{"apart", Range{0, 10}, Range{20, 30}, Range{20, 20}, 0},
		{"touching", Range{0, 10}, Range{10, 30}, Range{10, 10}, 0},
		{"overlapping", Range{0, 10}, Range{5, 30}, Range{5, 10}, 5},
		{"within", Range{0, 100}, Range{5, 30}, Range{5, 30}, 25},
		{"the same", Range{5, 30}, Range{5, 30}, Range{5, 30}, 25},
		{"inverted", Range{30, 5}, Range{0, 100}, Range{30, 30}, 0},
	} {
		got, mirrored := tt.r.Intersect(tt.o), tt.o.Intersect(tt.r)
		if got != tt.both || mirrored.Len() != tt.bytes || got.Len() != tt.bytes || got.Empty() != (tt.bytes == 0) {
			t.Errorf("%s: %v, mirrored %v", tt.name, got, mirrored)
		}
	}
	if r := RangeAt(^Addr(0)-4, 100); r.End != ^Addr(0) || r.Len() != 4 {
		t.Errorf("a length past the end of the address space: %v", r)
	}
	if r := RangeAt(8, 8); !r.Contains(8) || r.Contains(16) || r.String() != "8-10" {
		t.Errorf("half open: %v", r)
	}
}

func TestReleases(t *testing.T) {
	for advice, want := range map[string]bool{
		"MADV_DONTNEED": true, "MADV_FREE": true, "MADV_PAGEOUT": true, "MADV_GUARD_INSTALL": true,
		"MADV_COLD": false, "MADV_HUGEPAGE": false, "MADV_COLLAPSE": false, "": false,
	} {
		if got := (&Event{Advice: advice}).Releases(); got != want {
			t.Errorf("%s releases: %v", advice, got)
		}
	}
}
