package bpf

import (
	"errors"
	"fmt"

	"github.com/cilium/ebpf"
	"golang.org/x/sys/unix"
)

// Sentinels of what a person can mend. The errors that wrap them say how.
var (
	// ErrPrivilege: the kernel refused for lack of capabilities.
	ErrPrivilege = errors.New("not privileged to trace")
	// ErrUnsupported: the kernel lacks something that tracing needs.
	ErrUnsupported = errors.New("this kernel cannot be traced by whyres")
	// ErrTooManyTargets: more processes than the program follows at once.
	ErrTooManyTargets = errors.New("too many processes are followed already")
	// ErrClosed: the tracer was closed.
	ErrClosed = errors.New("the tracer is closed")
)

// explainLoad adds the remedy to what the kernel said.
func explainLoad(err error) error {
	var verifier *ebpf.VerifierError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &verifier):
		return fmt.Errorf("%w: its verifier rejects the program; please report this with the kernel's version: %w", ErrUnsupported, err)
	case errors.Is(err, unix.EPERM), errors.Is(err, unix.EACCES):
		return fmt.Errorf("%w: run with sudo, or grant CAP_BPF, CAP_PERFMON, CAP_SYS_PTRACE and CAP_DAC_READ_SEARCH: %w", ErrPrivilege, err)
	case errors.Is(err, ebpf.ErrNotSupported), errors.Is(err, unix.ENOSYS):
		return fmt.Errorf("%w: it needs Linux 5.10 or newer with CONFIG_BPF_SYSCALL and CONFIG_DEBUG_INFO_BTF: %w", ErrUnsupported, err)
	}
	return err
}
