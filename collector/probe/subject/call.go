package subject

import (
	"syscall"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"

	"whyres/collector/kernel"
)

// outcome is what one call said and took.
type outcome struct {
	ret   int64
	errno syscall.Errno
	ns    int64
	call  Call
}

// timed makes a system call. It is a raw one: the Go scheduler has no part in it.
func (s *stage) timed(part span, nr uintptr, args ...uintptr) (o outcome) {
	var a [6]uintptr
	copy(a[:], args)
	o.call = Call{Addr: s.addr(part), Len: uint64(part.n), From: kernel.Now()}
	began := time.Now()
	r, _, errno := syscall.RawSyscall6(nr, a[0], a[1], a[2], a[3], a[4], a[5])
	o.ns = int64(time.Since(began))
	o.call.To = kernel.Now()
	o.ret, o.errno = int64(r), errno
	if errno != 0 {
		o.ret = -1
	}
	return o
}

func (s *stage) madvise(part span, advice int) outcome {
	return s.timed(part, unix.SYS_MADVISE, uintptr(s.pointer(part.at)), part.n, uintptr(advice))
}

// supports asks the kernel for the advice itself, on no memory; nil where it says
// something else, a lack of rights for instance.
func supports(nr uintptr, args ...uintptr) *bool {
	var a [6]uintptr
	copy(a[:], args)
	_, _, errno := syscall.RawSyscall6(nr, a[0], a[1], a[2], a[3], a[4], a[5])
	var yes bool
	switch errno {
	case 0:
		yes = true
	case unix.EINVAL, unix.ENOSYS:
	default:
		return nil
	}
	return &yes
}

// ofItself calls process_madvise on a handle of this process.
func ofItself(r *recipe) {
	r.before = func(s *stage) error {
		fd, err := unix.PidfdOpen(unix.Getpid(), 0)
		if err != nil {
			return cannot("the kernel gives no handle of a process (pidfd_open: %v)", err)
		}
		s.pidfd = fd
		s.atEnd(func() error { return unix.Close(fd) })
		return nil
	}
	r.call = func(s *stage, part span) outcome {
		s.vector = unix.Iovec{Base: (*byte)(s.pointer(part.at)), Len: uint64(part.n)}
		return s.timed(part, unix.SYS_PROCESS_MADVISE, uintptr(s.pidfd), uintptr(unsafe.Pointer(&s.vector)), 1, unix.MADV_DONTNEED, 0)
	}
	r.supported = func(s *stage) *bool {
		return supports(unix.SYS_PROCESS_MADVISE, uintptr(s.pidfd), 0, 0, unix.MADV_DONTNEED, 0)
	}
}
