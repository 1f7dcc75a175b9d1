package causes

import "whyres/collector/ledger"

// recordSize is what the runtime's record of a goroutine (runtime.g) takes of the
// heap, in bytes: its size by the DWARF of a program built with each release for
// amd64, rounded up to the size class that malloc takes it from
// (runtime/sizeclasses.go). 0 where it is not known.
func (f *Facts) recordSize() int64 {
	if f.Host.Arch != "amd64" {
		return 0
	}
	switch minor := f.GoMinor(); {
	case minor >= 12 && minor <= 16: // 376
		return 384
	case minor >= 17 && minor <= 20: // 392
		return 416
	case minor == 21: // 408
		return 416
	case minor >= 22 && minor <= 25: // 424, 432, 440, 440
		return 448
	case minor == 26 || minor == 27: // 456
		return 480
	}
	return 0
}

// ofObjects takes bytes from objects in use: first of those that a GC has found
// live, then of those that it has not looked at.
func (f *Facts) ofObjects(bytes int64) []Take {
	var takes []Take
	for _, t := range f.All(ledger.HeapLive, ledger.HeapUnsure, ledger.HeapGarbage) {
		if part := min(t.Bytes, bytes); part > 0 {
			takes = append(takes, Take{t.Leaf, part})
			bytes -= part
		}
	}
	return takes
}
