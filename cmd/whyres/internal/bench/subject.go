package main

import (
	"encoding/json"
	"io"
	"os"
	"runtime"
	"runtime/debug"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// order asks the subject for n turns of a loop.
// A pause between bursts lets a slow tracer keep up: what it drops costs the
// target less than what it reports.
type order struct {
	Loop  string
	N     int
	Pause time.Duration
}

// subject runs the loops that it is asked for and says how long a turn took.
// With the arguments hold, BYTES and SMALL it holds memory first, and says so.
func subject(args []string, in io.Reader, out io.Writer) {
	if len(args) == 3 && args[0] == "hold" {
		bytes, _ := strconv.ParseUint(args[1], 10, 64)
		held := holding(bytes, args[2] == "true")
		defer runtime.KeepAlive(held)
		_, _ = io.WriteString(out, "true\n")
	}
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
		if err := answers.Encode(float64(timed(turn, o.N, o.Pause).Nanoseconds()) / float64(o.N)); err != nil {
			return
		}
	}
}

// burst is how many turns run between two pauses.
const burst = 500

// timed is how long n turns take, the pauses between bursts of them left out.
func timed(turn func(), n int, pause time.Duration) (took time.Duration) {
	for done := 0; done < n; done += burst {
		began := time.Now()
		for range min(burst, n-done) {
			turn()
		}
		took += time.Since(began)
		time.Sleep(pause)
	}
	return took
}

func turns(page []byte) map[string]func() {
	release := func() { _ = unix.Madvise(page, unix.MADV_DONTNEED) }
	return map[string]func(){
		"madvise":       release,
		"touch+madvise": func() { page[0] = 1; release() },
		"getppid":       func() { _ = unix.Getppid() },
		"page fault":    faults(),
		"work":          work(),
	}
}

// holding is that much memory, all of it written to.
func holding(bytes uint64, small bool) (held [][]byte) {
	const smallSize, largeSize = 2 << 10, 1 << 20
	for left := bytes; left >= largeSize; left -= largeSize {
		sizes := 1
		if small && left/largeSize%2 == 0 {
			sizes = largeSize / smallSize
		}
		for range sizes {
			b := make([]byte, largeSize/sizes)
			for i := 0; i < len(b); i += 4096 {
				b[i] = 1
			}
			held = append(held, b)
		}
	}
	return held
}

// work is a turn of a program's own work, about a millisecond: arithmetic on
// memory that stays in the caches.
func work() func() {
	memory := make([]uint64, 32<<10)
	return func() {
		for range 32 {
			for i := range memory {
				memory[i] = memory[i]*6364136223846793005 + 1442695040888963407
			}
		}
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
