// Command subject is what the tests of cmd/whyres trace: its memory does what
// its argument says, and it tells its own ReadMemStats.
package main

import (
	"encoding/json"
	"fmt"
	"os"
	"os/signal"
	"runtime"
	"runtime/debug"
	"syscall"
	"time"
)

func main() { subject(os.Args[1]) }

func subject(name string) {
	switch name {
	case "churn":
		churn()
	case "sleep":
		time.Sleep(time.Minute)
	case "storm":
		storm(400_000)
	case "storms":
		for range 20 {
			storm(400_000)
		}
	case "rest":
		rest()
	case "outcomes":
		outcomes()
	case "lockall":
		lockall()
	case "exec":
		time.Sleep(500 * time.Millisecond)
		panic(syscall.Exec("/proc/self/exe", []string{os.Args[0], "churn"}, os.Environ()))
	case "sleeper":
		time.Sleep(700 * time.Millisecond)
		panic(syscall.Exec("/bin/sleep", []string{"sleep", "60"}, os.Environ()))
	case "whoami":
		fmt.Fprintln(os.Stderr, "uid", os.Getuid(), "gid", os.Getgid(), "home", os.Getenv("HOME"))
	case "stubborn":
		signal.Notify(make(chan os.Signal, 1), syscall.SIGTERM, syscall.SIGINT)
		fmt.Fprintln(os.Stderr, "stubborn")
		time.Sleep(time.Minute)
	}
}

// churn grows and shrinks the heap from several threads, and makes calls that
// fail.
func churn() {
	done := make(chan []byte)
	for range 4 {
		go func() {
			runtime.LockOSThread() // calls from as many threads
			own, err := syscall.Mmap(-1, 0, 1<<20, syscall.PROT_READ|syscall.PROT_WRITE, syscall.MAP_ANON|syscall.MAP_PRIVATE)
			if err != nil {
				panic(err)
			}
			defer func() { _ = syscall.Munmap(own) }()
			var keep []byte
			for range 20 {
				keep = make([]byte, 4<<20)
				for i := 0; i < len(keep); i += 4096 {
					keep[i] = 1
				}
			}
			done <- keep
		}()
	}
	for range 4 {
		<-done
	}
	debug.SetGCPercent(-1)
	big := make([]byte, 256<<20)
	clear(big)
	time.Sleep(300 * time.Millisecond)
	big = nil
	debug.FreeOSMemory()
	page := uintptr(os.Getpagesize())
	for range 10 {
		_, _, _ = syscall.RawSyscall(syscall.SYS_MADVISE, 4096, page, syscall.MADV_DONTNEED) // ENOMEM
		_, _, _ = syscall.RawSyscall(syscall.SYS_MUNMAP, 1, page, 0)                         // EINVAL
		_, _, _ = syscall.RawSyscall6(syscall.SYS_MMAP, 0, 0, 3, 0x22, ^uintptr(0), 0)       // EINVAL
	}
	b, err := syscall.Mmap(-1, 0, 16<<20, syscall.PROT_READ|syscall.PROT_WRITE, syscall.MAP_ANON|syscall.MAP_PRIVATE)
	if err != nil {
		panic(err)
	}
	clear(b)
	if err := syscall.Munmap(b); err != nil {
		panic(err)
	}
}

// storm makes n calls, 200,000 a second.
func storm(n int) {
	runtime.LockOSThread()
	page, err := syscall.Mmap(-1, 0, os.Getpagesize(), syscall.PROT_READ|syscall.PROT_WRITE, syscall.MAP_ANON|syscall.MAP_PRIVATE)
	if err != nil {
		panic(err)
	}
	began := time.Now()
	for i := range n {
		_ = syscall.Madvise(page, syscall.MADV_DONTNEED)
		for i%200 == 0 && time.Since(began) < time.Duration(i)*time.Second/200_000 {
		}
	}
	fmt.Fprintf(os.Stderr, "%.0f calls a second\n", float64(n)/time.Since(began).Seconds())
}

// rest comes to rest with a known heap, tells its own numbers, and stays.
func rest() {
	keep := make([][]byte, 0, 4096)
	for range 4096 {
		keep = append(keep, make([]byte, 16<<10))
	}
	for i := range keep {
		if i%64 != 0 {
			keep[i] = nil
		}
	}
	debug.FreeOSMemory()
	time.Sleep(300 * time.Millisecond)
	var stats runtime.MemStats
	runtime.ReadMemStats(&stats)
	line, err := json.Marshal(stats)
	if err != nil {
		panic(err)
	}
	// What telling them takes is part of them: read again until they stand.
	for {
		runtime.ReadMemStats(&stats)
		now := fmt.Appendf(line[:0], `{"HeapSys":%d,"HeapInuse":%d,"HeapReleased":%d,"NumGC":%d,"StackInuse":%d}`+"\n",
			stats.HeapSys, stats.HeapInuse, stats.HeapReleased, stats.NumGC, stats.StackInuse)
		var after runtime.MemStats
		runtime.ReadMemStats(&after)
		if after.HeapInuse == stats.HeapInuse && after.HeapReleased == stats.HeapReleased && after.StackInuse == stats.StackInuse {
			_, _ = os.Stderr.Write(now)
			break
		}
	}
	time.Sleep(time.Minute)
	runtime.KeepAlive(keep)
}
