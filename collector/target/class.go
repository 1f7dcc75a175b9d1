package target

import (
	"debug/elf"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
)

// Err32Bit is of a program that makes 32-bit system calls, which are numbered
// otherwise and are not traced.
var Err32Bit = errors.New("a 32-bit program: its calls are not traced")

// refuse32Bit looks at the program's ELF class. A program that cannot be read is
// for others to complain about.
func refuse32Bit(proc string, pid int) error {
	exe, err := os.Open(filepath.Join(proc, strconv.Itoa(pid), "exe"))
	if err != nil {
		return nil
	}
	defer func() { _ = exe.Close() }() // only read
	var ident [elf.EI_CLASS + 1]byte
	if _, err := io.ReadFull(exe, ident[:]); err == nil && elf.Class(ident[elf.EI_CLASS]) == elf.ELFCLASS32 {
		return fmt.Errorf("process %d: %w", pid, Err32Bit)
	}
	return nil
}
