package target

import (
	"bytes"
	"debug/elf"
	"encoding/binary"
	"math"
	"slices"
	"testing"

	"whyres/collector/mem"
)

// headOf writes a file's beginning as debug/elf lays it out.
func headOf(t *testing.T, h elf.Header64, segments ...elf.Prog64) []uint64 {
	t.Helper()
	copy(h.Ident[:], elf.ELFMAG)
	h.Ident[elf.EI_CLASS], h.Ident[elf.EI_DATA] = byte(elf.ELFCLASS64), byte(elf.ELFDATA2LSB)
	var b bytes.Buffer
	if err := binary.Write(&b, binary.LittleEndian, h); err != nil {
		t.Fatal(err)
	}
	if err := binary.Write(&b, binary.LittleEndian, segments); err != nil {
		t.Fatal(err)
	}
	b.Write(make([]byte, headWords*8))
	words := make([]uint64, headWords)
	if err := binary.Read(&b, binary.LittleEndian, words); err != nil {
		t.Fatal(err)
	}
	return words
}

func TestBSSByELF(t *testing.T) {
	header := elf.Header64{Phoff: 64, Phentsize: 56, Phnum: 2}
	code := elf.Prog64{Type: uint32(elf.PT_LOAD), Flags: uint32(elf.PF_R | elf.PF_X), Filesz: 0x1800, Memsz: 0x1800}
	data := elf.Prog64{Type: uint32(elf.PT_LOAD), Flags: uint32(elf.PF_R | elf.PF_W), Off: 0x2e00, Vaddr: 0x3e00, Filesz: 0x400, Memsz: 0x2300}
	const at = 0x7f0000000000
	// File up to 0x4200, so mapped up to 0x5000; variables up to 0x6100.
	want := mem.Range{Start: at + 0x5000, End: at + 0x7000}
	for name, c := range map[string]struct {
		change func(h *elf.Header64, code, data *elf.Prog64)
		want   []mem.Range
	}{
		"a library":              {func(*elf.Header64, *elf.Prog64, *elf.Prog64) {}, []mem.Range{want}},
		"linked at an address":   {func(_ *elf.Header64, c, d *elf.Prog64) { c.Vaddr += 0x400000; d.Vaddr += 0x400000 }, []mem.Range{want}},
		"within the last page":   {func(_ *elf.Header64, _, d *elf.Prog64) { d.Memsz = 0x500 }, nil},
		"no zeroed variables":    {func(_ *elf.Header64, _, d *elf.Prog64) { d.Memsz = d.Filesz }, nil},
		"not writable":           {func(_ *elf.Header64, _, d *elf.Prog64) { d.Flags = uint32(elf.PF_R) }, nil},
		"segments elsewhere":     {func(h *elf.Header64, _, _ *elf.Prog64) { h.Phoff = 1 << 40 }, nil},
		"segments of other size": {func(h *elf.Header64, _, _ *elf.Prog64) { h.Phentsize = 8 }, nil},
		"too many segments":      {func(h *elf.Header64, _, _ *elf.Prog64) { h.Phnum = math.MaxUint16 }, nil},
		"nothing at its start":   {func(_ *elf.Header64, c, _ *elf.Prog64) { c.Off = 0x1000 }, nil},
		"sizes that wrap":        {func(_ *elf.Header64, _, d *elf.Prog64) { d.Memsz = math.MaxUint64 }, nil},
		"the file's part wraps":  {func(_ *elf.Header64, _, d *elf.Prog64) { d.Filesz, d.Memsz = math.MaxUint64-1, math.MaxUint64 }, nil},
	} {
		h, c1, d := header, code, data
		c.change(&h, &c1, &d)
		if got := dataEnds(at, headOf(t, h, c1, d)); !slices.Equal(got, c.want) {
			t.Errorf("%s: %v, want %v", name, got, c.want)
		}
	}
	if got := dataEnds(at, make([]uint64, headWords)); got != nil {
		t.Errorf("no ELF: %v", got)
	}
}
