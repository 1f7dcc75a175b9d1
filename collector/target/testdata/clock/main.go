// Command clock is a process whose Go clock is known: the tests of target read it
// from outside and compare. It builds with Go 1.12 and newer.
//
//	clock timer   sets a timer, says the instant at which it is due, and rests
//	clock idle    says the instant at which it came to rest
//	clock dense   makes garbage of memory in dense chunks and says what the heap
//	              has released; told to go on, runs one more GC and says it again
package main

import (
	"fmt"
	"os"
	"runtime"
	"syscall"
	"time"
	"unsafe"
)

// monotonic is the present instant of CLOCK_MONOTONIC in ns.
func monotonic() int64 {
	var ts syscall.Timespec
	_, _, errno := syscall.RawSyscall(syscall.SYS_CLOCK_GETTIME, 1, uintptr(unsafe.Pointer(&ts)), 0)
	if errno != 0 {
		panic(errno)
	}
	return ts.Nano()
}

func say(name string, n int64) { fmt.Printf("{%q: %d}\n", name, n) }

// wait blocks until standard input says something; false: it has ended.
func wait() bool {
	var b [1]byte
	n, err := syscall.Read(0, b[:])
	return err == nil && n == 1
}

func main() {
	switch os.Args[1] {
	case "timer":
		const in = 8 * time.Second
		due := monotonic() + int64(in)
		timer := time.AfterFunc(in, func() {})
		say("due", due)
		wait()
		timer.Stop()
	case "idle":
		say("now", monotonic())
		wait()
	case "dense":
		dense()
	}
}

var kept [][]byte

// dense fills 48 MiB, drops them, and lets a GC find that.
func dense() {
	for i := 0; i < 48*16; i++ {
		b := make([]byte, 64<<10)
		for at := 0; at < len(b); at += 4096 {
			b[at] = 1
		}
		kept = append(kept, b)
	}
	runtime.GC()
	kept = nil
	runtime.GC()
	say("released", released())
	if !wait() {
		return
	}
	runtime.GC()
	// A timer that is due all the time keeps the monitor thread awake.
	last, since := released(), time.Now()
	for begun := since; time.Since(since) < 7*time.Second && time.Since(begun) < 40*time.Second; {
		time.Sleep(time.Millisecond)
		if now := released(); now != last {
			last, since = now, time.Now()
		}
	}
	say("released", last)
	wait()
}

func released() int64 {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapReleased)
}
