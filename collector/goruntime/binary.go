package goruntime

import (
	"debug/elf"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"

	"golang.org/x/sys/unix"
)

// Binary is the program that a process runs, as far as it is known.
type Binary struct {
	// Exe is the path that /proc/PID/exe names; " (deleted)" is part of it
	// where the file is gone.
	Exe string
	// GoVersion is what the toolchain calls itself ("go1.26.8"); "" if not Go.
	GoVersion string
	// Cgo: C code is linked in (runtime.iscgo). It is meaningful only where
	// CgoKnown is set.
	Cgo      bool
	CgoKnown bool
	// Sanitizer is "race", "asan" or "msan" where the program was built with one,
	// by its build settings, which it carries since Go 1.18; "" otherwise.
	Sanitizer string
	// Notes say in plain words what was assumed.
	Notes []string
}

// image is an open ELF file of the target. The file is opened by the link in
// /proc, so it is the very file that runs even if its path is gone.
type image struct {
	file *os.File
	// bytes is the file's content.
	bytes io.ReaderAt
	elf   *elf.File
}

func (im *image) close() error { return im.file.Close() }

// openImage opens the program of the process.
func openImage(proc string, pid int) (im *image, exe string, err error) {
	link := filepath.Join(proc, strconv.Itoa(pid), "exe")
	exe, err = os.Readlink(link)
	if err != nil {
		return nil, "", explain(pid, "reading the exe link", err)
	}
	file, err := os.Open(link)
	if err != nil {
		return nil, exe, explain(pid, "opening the program's file", err)
	}
	f, err := newELF(file)
	if err != nil {
		return nil, exe, errors.Join(fmt.Errorf("process %d: %s: %w", pid, exe, err), file.Close())
	}
	return &image{file: file, bytes: file, elf: f}, exe, nil
}

// newELF parses the headers, which are bounded before debug/elf reads what they
// claim. Only 64-bit little-endian files are supported.
func newELF(r io.ReaderAt) (f *elf.File, err error) {
	defer recovered(&err)
	if err := checkHeaders(r); err != nil {
		return nil, err
	}
	f, err = elf.NewFile(r)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrDamaged, err)
	}
	if f.Class != elf.ELFCLASS64 || f.Data != elf.ELFDATA2LSB {
		return nil, fmt.Errorf("%w: %v %v, want a 64-bit little-endian file", ErrDamaged, f.Class, f.Data)
	}
	return f, nil
}

// recovered turns a panic of the debug packages into an error: they are not
// hardened against hostile files.
func recovered(err *error) {
	if r := recover(); r != nil {
		*err = fmt.Errorf("%w: %v", ErrDamaged, r)
	}
}

// goarch is Go's name of the machine, "" for one that is not supported.
func goarch(f *elf.File) string {
	switch f.Machine {
	case elf.EM_X86_64:
		return "amd64"
	case elf.EM_AARCH64:
		return "arm64"
	}
	return ""
}

// inodeOf is the inode of an open file.
func inodeOf(f *os.File) (uint64, error) {
	var st unix.Stat_t
	if err := unix.Fstat(int(f.Fd()), &st); err != nil {
		return 0, err
	}
	return st.Ino, nil
}
