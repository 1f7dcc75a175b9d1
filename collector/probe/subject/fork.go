package subject

import (
	"fmt"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// forkedFor is how long a forked child lives if nobody ends it.
const forkedFor = 30 // seconds

// fork makes a child that has this process's memory and only waits to be killed.
func (s *stage) fork() error {
	pid, errno := forkIdle(&unix.Timespec{Sec: forkedFor})
	if errno != 0 {
		return cannot("no child can be forked: %v", errno)
	}
	s.atEnd(func() error {
		if err := unix.Kill(pid, unix.SIGKILL); err != nil {
			return fmt.Errorf("end the forked child: %w", err)
		}
		for {
			if _, err := unix.Wait4(pid, nil, 0, nil); err != unix.EINTR {
				return err
			}
		}
	})
	return nil
}

// forkIdle forks with all signals blocked, as the child has but one thread of a Go
// program and none of its runtime must run there: no signal handler, no stack that
// grows, no allocation. It makes three system calls: to die with its parent, to
// wait, and to end by itself.
//
//go:norace
func forkIdle(wait *unix.Timespec) (pid int, errno syscall.Errno) {
	var all, before [16]uint64 // no less than the kernel's sigset_t
	for i := range all {
		all[i] = ^uint64(0)
	}
	const setSize = 8 // _NSIG / 8 of amd64 and arm64
	_, _, errno = syscall.RawSyscall6(unix.SYS_RT_SIGPROCMASK, unix.SIG_SETMASK,
		uintptr(unsafe.Pointer(&all)), uintptr(unsafe.Pointer(&before)), setSize, 0, 0)
	if errno != 0 {
		return 0, errno
	}
	child, _, errno := syscall.RawSyscall6(unix.SYS_CLONE, uintptr(unix.SIGCHLD), 0, 0, 0, 0, 0)
	if errno == 0 && child == 0 {
		_, _, _ = syscall.RawSyscall6(unix.SYS_PRCTL, unix.PR_SET_PDEATHSIG, uintptr(unix.SIGKILL), 0, 0, 0, 0)
		_, _, _ = syscall.RawSyscall6(unix.SYS_PPOLL, 0, 0, uintptr(unsafe.Pointer(wait)), 0, 0, 0)
		for {
			_, _, _ = syscall.RawSyscall6(unix.SYS_EXIT_GROUP, 0, 0, 0, 0, 0, 0)
		}
	}
	_, _, _ = syscall.RawSyscall6(unix.SYS_RT_SIGPROCMASK, unix.SIG_SETMASK, uintptr(unsafe.Pointer(&before)), 0, setSize, 0, 0)
	return int(child), errno
}
