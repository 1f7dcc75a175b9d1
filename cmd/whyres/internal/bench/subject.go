package main

import (
	"encoding/json"
	"io"
	"os"
	"runtime"
	"runtime/debug"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// order asks the subject for n turns of a loop.
type order struct {
	Loop string
	N    int
}

// subject runs the loops that it is asked for and says how long a turn took.
func subject(in io.Reader, out io.Writer) {
	runtime.LockOSThread()
	debug.SetGCPercent(-1)
	page, err := unix.Mmap(-1, 0, os.Getpagesize(), unix.PROT_READ|unix.PROT_WRITE, unix.MAP_ANON|unix.MAP_PRIVATE)
	if err != nil {
		panic(err)
	}
	orders, answers := json.NewDecoder(in), json.NewEncoder(out)
	for {
		var o order
		if err := orders.Decode(&o); err != nil {
			return
		}
		turn := turns(page)[strings.TrimPrefix(o.Loop, "unrelated ")]
		began := time.Now()
		for range o.N {
			turn()
		}
		if err := answers.Encode(float64(time.Since(began).Nanoseconds()) / float64(o.N)); err != nil {
			return
		}
	}
}

func turns(page []byte) map[string]func() {
	release := func() { _ = unix.Madvise(page, unix.MADV_DONTNEED) }
	return map[string]func(){
		"madvise":       release,
		"touch+madvise": func() { page[0] = 1; release() },
		"getppid":       func() { _ = unix.Getppid() },
		"page fault":    faults(),
	}
}

// faults touches page after page of an area, which it maps anew at its end.
func faults() func() {
	const size = 64 << 20
	var area []byte
	at := size
	return func() {
		if at == size {
			if area != nil {
				_ = unix.Munmap(area)
			}
			area, _ = unix.Mmap(-1, 0, size, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_ANON|unix.MAP_PRIVATE)
			_ = unix.Madvise(area, unix.MADV_NOHUGEPAGE)
			at = 0
		}
		area[at] = 1
		at += os.Getpagesize()
	}
}
