package kernel

import (
	"errors"
	"fmt"
	"io/fs"
	"syscall"
)

// Sentinels for control flow; they come wrapped with what failed and on what.
var (
	// ErrGone: the process has exited, or is a zombie that holds no memory
	// any more.
	ErrGone = errors.New("the process is gone")
	// ErrNoPermission: the kernel refuses to show the file to this user.
	ErrNoPermission = errors.New("not permitted: run as the process's own user, with sudo, or with CAP_SYS_PTRACE and CAP_DAC_READ_SEARCH")
	// ErrKernelThread: a kernel thread has no address space to look at.
	ErrKernelThread = errors.New("a kernel thread has no memory of its own")
)

// problem wraps an error of a /proc file: what was read, of whom, and a
// sentinel where the kernel's answer means one.
func problem(file string, err error) error {
	switch {
	case errors.Is(err, ErrGone), errors.Is(err, ErrNoPermission), errors.Is(err, ErrKernelThread):
		return fmt.Errorf("%s: %w", file, err)
	case errors.Is(err, fs.ErrNotExist), errors.Is(err, syscall.ESRCH):
		return fmt.Errorf("%s: %w", file, ErrGone)
	case errors.Is(err, fs.ErrPermission):
		return fmt.Errorf("%s: %w", file, ErrNoPermission)
	}
	return fmt.Errorf("%s: %w", file, err)
}
