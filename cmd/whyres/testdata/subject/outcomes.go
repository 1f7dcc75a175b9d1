package main

import (
	"os"
	"runtime"
	"runtime/debug"
	"syscall"
	"time"
	"unsafe"
)

const (
	mib         = 1 << 20
	madvFree    = 8
	madvHuge    = 14
	madvNotHuge = 15
	madvCold    = 20
	hugePage    = 2 * mib
)

// outcomes makes a known number of MiB of each outcome that a release can have.
func outcomes() {
	runtime.LockOSThread()
	debug.SetGCPercent(-1)
	gone := touched(8)
	advise(gone, syscall.MADV_DONTNEED)
	advise(area(3), syscall.MADV_DONTNEED) // was not resident
	lazy := touched(4)
	advise(lazy, madvFree)
	again := touched(6)
	advise(again, syscall.MADV_DONTNEED)
	time.Sleep(100 * time.Millisecond)
	settle(again)
	advise(again, syscall.MADV_DONTNEED)
	locked := touched(2)
	if err := syscall.Mlock(locked); err != nil {
		panic(err)
	}
	huge := hugePages(4)
	shared := touched(5)
	child := fork()
	time.Sleep(time.Second) // until a sample has seen it all
	advise(locked, syscall.MADV_DONTNEED)
	advise(shared, syscall.MADV_DONTNEED)
	_ = syscall.Kill(child, syscall.SIGKILL)
	_, _ = syscall.Wait4(child, nil, 0, nil)
	time.Sleep(100 * time.Millisecond)
	for i := range 4 {
		advise(huge[i*hugePage:i*hugePage+hugePage/2], syscall.MADV_DONTNEED)
	}
}

// lockall has the runtime release 32 MiB twice, of which the kernel gives back
// nothing: all that the process has is locked, and all that it maps.
func lockall() {
	if err := syscall.Mlockall(syscall.MCL_CURRENT | syscall.MCL_FUTURE); err != nil {
		panic(err)
	}
	time.Sleep(300 * time.Millisecond) // until a sample has seen it
	for range 2 {
		touch(make([]byte, 32*mib))
		debug.FreeOSMemory()
	}
	time.Sleep(300 * time.Millisecond)
}

func area(n int) []byte {
	b, err := syscall.Mmap(-1, 0, n*mib, syscall.PROT_READ|syscall.PROT_WRITE, syscall.MAP_ANON|syscall.MAP_PRIVATE)
	if err != nil {
		panic(err)
	}
	advise(b, madvNotHuge)
	return b
}

func touch(b []byte) {
	for i := 0; i < len(b); i += os.Getpagesize() {
		b[i] = 1
	}
}

func touched(n int) []byte {
	b := area(n)
	settle(b)
	return b
}

// settle touches b, and has the kernel take the pages off the batch of this CPU in
// which up to 31 newly touched ones wait (lru_add, mm/swap.c): while they do, the
// allocator does not get them, and each release would leave that many behind.
// MADV_COLD, of one page, empties it first.
func settle(b []byte) {
	touch(b)
	advise(b[:os.Getpagesize()], madvCold)
}

// advise takes refusals as they come.
func advise(b []byte, advice int) { _ = syscall.Madvise(b, advice) }

// hugePages are n of them, where the kernel gives them.
func hugePages(n int) []byte {
	b := area((n + 1) * hugePage / mib)
	skip := -uintptr(unsafe.Pointer(&b[0])) & (hugePage - 1)
	b = b[skip : skip+uintptr(n*hugePage)]
	advise(b, madvHuge)
	touch(b)
	return b
}

// fork makes a child that only waits to be killed.
func fork() int {
	pid, _, errno := syscall.RawSyscall6(syscall.SYS_CLONE, uintptr(syscall.SIGCHLD), 0, 0, 0, 0, 0)
	if errno != 0 {
		panic(errno)
	}
	if pid == 0 {
		for {
			_, _, _ = syscall.RawSyscall6(syscall.SYS_PPOLL, 0, 0, 0, 0, 0, 0)
		}
	}
	return int(pid)
}
