package goruntime

import (
	"bytes"
	"debug/elf"
	"encoding/binary"
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// TestHostileHeaders: a program that claims endless tables is refused before
// anything of that size is read. Of each, the file is sparse and large enough
// to hold what it claims.
func TestHostileHeaders(t *testing.T) {
	t.Parallel()
	type edit = func(h *elf.Header64, names *elf.Section64)
	for name, change := range map[string]edit{
		"names of 40 GiB":         func(_ *elf.Header64, names *elf.Section64) { names.Size = 40 << 30 },
		"names beyond the end":    func(_ *elf.Header64, names *elf.Section64) { names.Off = 1 << 40 },
		"names at a wrapping end": func(_ *elf.Header64, names *elf.Section64) { names.Off = 1<<64 - 1 },
		"names for many sections": func(h *elf.Header64, names *elf.Section64) { h.Shnum, names.Size = 4096, 1<<20 },
		"compressed names":        func(_ *elf.Header64, names *elf.Section64) { names.Flags = uint64(elf.SHF_COMPRESSED) },
		"names nowhere":           func(h *elf.Header64, _ *elf.Section64) { h.Shstrndx = 2 },
		"65535 sections":          func(h *elf.Header64, _ *elf.Section64) { h.Shnum = 65535 },
		"sections in section 0":   func(h *elf.Header64, _ *elf.Section64) { h.Shnum = 0 },
		"large section headers":   func(h *elf.Header64, _ *elf.Section64) { h.Shentsize = 65535 },
		"sections beyond the end": func(h *elf.Header64, _ *elf.Section64) { h.Shoff = 1 << 40 },
		"65535 segments":          func(h *elf.Header64, _ *elf.Section64) { h.Phnum, h.Phentsize = 65535, 56 },
		"large segment headers":   func(h *elf.Header64, _ *elf.Section64) { h.Phnum, h.Phentsize = 1, 65535 },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			file := sparseELF(t, change)
			began := time.Now()
			if _, err := newELF(file); !errors.Is(err, ErrDamaged) {
				t.Errorf("newELF: %v, want ErrDamaged", err)
			}
			if _, err := buildInfo(file); !errors.Is(err, ErrDamaged) {
				t.Errorf("buildInfo: %v, want ErrDamaged", err)
			}
			if took := time.Since(began); took > time.Second {
				t.Errorf("it took %v", took)
			}
		})
	}
}

// TestSoundHeaders: what the hostile files are made of is no cause to refuse.
func TestSoundHeaders(t *testing.T) {
	t.Parallel()
	f, err := newELF(sparseELF(t, func(*elf.Header64, *elf.Section64) {}))
	if err != nil {
		t.Fatal(err)
	}
	if len(f.Sections) != 2 || f.Sections[1].Name != "names" {
		t.Errorf("sections %v, want one called names", f.Sections)
	}
}

// sparseELF makes a file of 64 GiB, of which some hundred bytes are on the disk:
// a header, and the headers of section 0 and of that of the names.
func sparseELF(t *testing.T, change func(h *elf.Header64, names *elf.Section64)) *os.File {
	t.Helper()
	const shoff, namesOff = 64, 1 << 20
	h := elf.Header64{
		Type: uint16(elf.ET_EXEC), Machine: uint16(elf.EM_X86_64), Version: 1, Phoff: 64, Shoff: shoff,
		Ehsize: 64, Shentsize: 64, Shnum: 2, Shstrndx: 1,
	}
	copy(h.Ident[:], "\x7fELF\x02\x01\x01")
	names := elf.Section64{Name: 1, Type: uint32(elf.SHT_STRTAB), Off: namesOff, Size: 7}
	change(&h, &names)
	var head bytes.Buffer
	for _, part := range []any{h, elf.Section64{}, names} {
		if err := binary.Write(&head, binary.LittleEndian, part); err != nil {
			t.Fatal(err)
		}
	}
	file, err := os.Create(filepath.Join(t.TempDir(), "hostile"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = file.Close() })
	_, err = file.Write(head.Bytes())
	_, errNames := file.WriteAt([]byte("\x00names\x00"), namesOff)
	if err := errors.Join(err, errNames, file.Truncate(64<<30)); err != nil {
		t.Fatal(err)
	}
	return file
}
