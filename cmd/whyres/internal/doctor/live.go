package doctor

import (
	"errors"
	"fmt"
	"os"
	"runtime"
	"unsafe"

	"golang.org/x/sys/unix"

	"whyres/bpf"
	"whyres/collector/kernel"
	"whyres/collector/mem"
)

// Live is the host that this runs on.
func Live() (*Host, error) {
	host, err := kernel.Default().Host()
	if err != nil {
		return nil, err
	}
	exe, _ := os.Executable() // for the remedies only
	return &Host{
		Proc: "/proc", Sys: "/sys",
		Release: host.Kernel, Arch: host.Arch,
		PID: os.Getpid(), Exe: exe, Root: os.Geteuid() == 0,
		Try: Tries{Trace: tryTrace, NameMemory: tryName, ReadMemory: tryRead, Residency: tryResidency},
	}, nil
}

// tryTrace attaches the program as a trace would, and takes it away again.
func tryTrace(attach string) ([]string, error) {
	t, err := bpf.Open(bpf.Options{Attach: bpf.Attach(attach), RingBytes: 64 << 10})
	if err != nil {
		return nil, err
	}
	return t.Missing(), t.Close()
}

// withPage does something with a page of its own.
func withPage(do func(page []byte) error) error {
	page, err := unix.Mmap(-1, 0, os.Getpagesize(), unix.PROT_READ|unix.PROT_WRITE, unix.MAP_ANON|unix.MAP_PRIVATE)
	if err != nil {
		return err
	}
	page[0] = 1
	return errors.Join(do(page), unix.Munmap(page))
}

func tryName() error {
	return withPage(func(page []byte) error {
		name, err := unix.BytePtrFromString("whyres doctor")
		if err != nil {
			return err
		}
		err = unix.Prctl(unix.PR_SET_VMA, unix.PR_SET_VMA_ANON_NAME,
			uintptr(unsafe.Pointer(&page[0])), uintptr(len(page)), uintptr(unsafe.Pointer(name)))
		runtime.KeepAlive(name)
		return err
	})
}

func tryRead() error {
	return withPage(func(page []byte) error {
		var got [1]byte
		local := unix.Iovec{Base: &got[0]}
		local.SetLen(1)
		remote := unix.RemoteIovec{Base: uintptr(unsafe.Pointer(&page[0])), Len: 1}
		n, err := unix.ProcessVMReadv(os.Getpid(), []unix.Iovec{local}, []unix.RemoteIovec{remote}, 0)
		if err == nil && (n != 1 || got[0] != 1) {
			err = fmt.Errorf("it read %d bytes, %d", n, got[0])
		}
		runtime.KeepAlive(page)
		return err
	})
}

func tryResidency() (way kernel.Way, err error) {
	p, err := kernel.Default().Open(os.Getpid(), kernel.Options{})
	if err != nil {
		return "", err
	}
	defer func() { err = errors.Join(err, p.Close()) }()
	err = withPage(func(page []byte) error {
		at := mem.Addr(uintptr(unsafe.Pointer(&page[0])))
		return p.Resident([]mem.Range{mem.RangeAt(at, uint64(len(page)))}, func(mem.Range) {})
	})
	return p.ResidentWay(), err
}
