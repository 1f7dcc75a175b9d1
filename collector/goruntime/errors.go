package goruntime

import (
	"errors"
	"fmt"
	"io/fs"

	"golang.org/x/sys/unix"
)

// Why a process's Go runtime cannot be read. Each error that this package
// returns for such a reason wraps one of these.
var (
	// ErrNotGo: the program was not built by the Go toolchain.
	ErrNotGo = errors.New("not a Go program")
	// ErrTooOld: the runtime keeps its heap in other tables before Go 1.12.
	ErrTooOld = errors.New("needs Go 1.12 or newer")
	// ErrNoSymbols: the linker was told -s, and what only symbols tell is needed.
	ErrNoSymbols = errors.New("the binary is stripped: it has neither a symbol table nor DWARF (build it without -ldflags=-s)")
	// ErrNotFound: the binary is stripped, and its memory does not show where
	// the runtime's variables are: it has not started yet, or is unlike any
	// that is known.
	ErrNotFound = errors.New("the binary is stripped, and its memory does not show the runtime's variables: it has not started yet, or is of an unknown kind (build it without -ldflags=-s)")
	// ErrNoLayout: the binary has no DWARF, no layout of this Go version is
	// built in, and none of a version nearby was proved to hold.
	ErrNoLayout = errors.New("the field offsets of its Go version are not known, nor has it DWARF that tells them: only the kernel's view is left (build it without -ldflags=-w, or get a newer whyres)")
	// ErrGone: the process has ended.
	ErrGone = errors.New("the process is gone")
	// ErrNoPermission: ptrace access is refused: another user's process, a
	// setuid program, or kernel.yama.ptrace_scope.
	ErrNoPermission = errors.New("not permitted to read the process (run as its user or as root, or grant CAP_SYS_PTRACE)")
	// ErrUnmapped: no memory where the runtime's variables should be: the
	// process executed another program, or is just ending.
	ErrUnmapped = errors.New("the runtime's variables are no longer mapped: the process is ending or has executed another program")
	// ErrMismatch: the memory does not look like what the layout says.
	ErrMismatch = errors.New("the process's memory does not match the field offsets of its Go version")
	// ErrHeapTooLarge: the walk over every page and span is refused.
	ErrHeapTooLarge = errors.New("the Go heap is too large to walk page by page")
	// ErrDamaged: the program's file could not be understood.
	ErrDamaged = errors.New("the program's ELF file is damaged or of a kind that is not supported")
)

// sentinel says which of the errors above stands for a system call's errno.
func sentinel(err error) error {
	switch {
	case errors.Is(err, unix.ESRCH):
		return ErrGone
	case errors.Is(err, fs.ErrNotExist):
		return ErrGone
	case errors.Is(err, fs.ErrPermission):
		return ErrNoPermission
	case errors.Is(err, unix.EFAULT):
		return ErrUnmapped
	}
	return nil
}

// explain wraps an I/O error on the process with its sentinel, if it has one.
func explain(pid int, doing string, err error) error {
	if s := sentinel(err); s != nil {
		return fmt.Errorf("process %d: %s: %w (%w)", pid, doing, s, err)
	}
	return fmt.Errorf("process %d: %s: %w", pid, doing, err)
}
