package goruntime

import (
	"debug/elf"
	"encoding/binary"
	"fmt"
	"strings"

	"whyres/collector/goruntime/internal/layout"
)

// isGo reports whether Go's linker made the program: it leaves its build ID or
// its table of functions in it, stripped or not. A position-independent program
// that the C linker finished has the first, even where it lost the second's
// name (Go 1.12 and 1.13).
func isGo(f *elf.File) bool {
	for _, s := range f.Sections {
		switch s.Name {
		case ".note.go.buildid", ".go.buildinfo", ".gopclntab", ".data.rel.ro.gopclntab":
			return true
		}
	}
	return false
}

// buildVersion is the variable behind runtime.Version, a string.
const buildVersion = "runtime.buildVersion"

// goVersion reads the toolchain's version: from the build information that
// every binary since Go 1.13 carries, stripped or not, else from the variable
// in the target's memory.
func goVersion(im *image, m *memory, bias uint64) (string, error) {
	if version, ok := versionInFile(im); ok {
		return version, nil
	}
	t, ok, err := readSymtab(im.elf, elf.SHT_SYMTAB)
	if err != nil {
		return "", err
	}
	if !ok {
		return versionInData(im.elf, m, bias)
	}
	addr, ok := t.lookup(map[string]bool{buildVersion: true})[buildVersion]
	if !ok {
		return "", fmt.Errorf("%w: it has neither build information nor a symbol %s", ErrNoSymbols, buildVersion)
	}
	var header [16]byte
	if err := m.read(header[:], []span{{addr + bias, len(header)}}); err != nil {
		return "", err
	}
	version, ok := versionAt(im.elf, m, bias, header[:])
	if !ok {
		return "", fmt.Errorf("%w: %s is not a version", ErrMismatch, buildVersion)
	}
	return version, nil
}

func versionInFile(im *image) (version string, ok bool) {
	var err error
	defer func() { ok = ok && err == nil }()
	defer recovered(&err)
	info, err := buildInfo(im.bytes)
	if err != nil {
		return "", false
	}
	return info.GoVersion, true
}

// maxData bounds the .data section that is searched: 64 MiB.
const maxData = 64 << 20

// versionInData looks for the version of a stripped program of Go 1.12: the one
// string variable in .data that reads like a version.
func versionInData(f *elf.File, m *memory, bias uint64) (string, error) {
	unknown := fmt.Errorf("%w: nor has it build information, so that its Go version is not known", ErrNoSymbols)
	data := f.Section(".data")
	if data == nil || data.Size > maxData || data.Size < 16 {
		return "", unknown
	}
	b := make([]byte, data.Size&^7)
	if err := m.read(b, []span{{data.Addr + bias, len(b)}}); err != nil {
		return "", err
	}
	found := ""
	for ; len(b) >= 16; b = b[8:] {
		version, ok := versionAt(f, m, bias, b[:16])
		if ok && found != "" && version != found {
			return "", unknown
		}
		if ok {
			found = version
		}
	}
	if found == "" {
		return "", unknown
	}
	return found, nil
}

// versionAt reads the string that the header (pointer, length) points to, if
// it lies in the program's file and reads like a version.
func versionAt(f *elf.File, m *memory, bias uint64, header []byte) (string, bool) {
	const least, most = len("go1.9"), 64
	at, n := binary.LittleEndian.Uint64(header), binary.LittleEndian.Uint64(header[8:])
	if n < uint64(least) || n > most || !inFile(f, at-bias, n) {
		return "", false
	}
	text := make([]byte, n)
	if err := m.read(text, []span{{at, len(text)}}); err != nil {
		return "", false
	}
	version := string(text)
	if !strings.HasPrefix(version, "go1.") && !strings.HasPrefix(version, "devel ") {
		return "", false
	}
	v, _ := layout.ParseVersion(version)
	return version, v.Minor > 0
}

// inFile reports whether the link-time range is loaded from the file and cannot
// be written: that is where constant strings lie.
func inFile(f *elf.File, addr, n uint64) bool {
	for _, p := range f.Progs {
		if p.Type == elf.PT_LOAD && p.Flags&elf.PF_W == 0 && addr >= p.Vaddr && n <= p.Filesz && addr-p.Vaddr <= p.Filesz-n {
			return true
		}
	}
	return false
}

// oldest is the first minor version whose variables whyres knows how to read.
const oldest = 12

// supported is nil for those and newer ones.
func supported(version string) error {
	v, _ := layout.ParseVersion(version)
	if v.Minor < oldest {
		return fmt.Errorf("%w: this is %s", ErrTooOld, version)
	}
	return nil
}
