// Command target is the process that goruntime's tests read. It allocates,
// drops, collects, comes to rest, says what runtime.ReadMemStats says of it as
// one line of JSON, and then waits for standard input to close; given an x, it
// becomes sleep(1) instead, given another byte it says its numbers anew. It
// builds with Go 1.12 and newer.
//
// Nothing is allocated between ReadMemStats and the wait: the line is built in
// a buffer that exists before, and written with a raw write(2).
package main

import (
	"os"
	"runtime"
	"runtime/debug"
	"strconv"
	"syscall"
)

var (
	stats runtime.MemStats
	line  [8192]byte
	kept  [][]byte
	// keptBytes is the sum of their sizes.
	keptBytes uint64
	wait      [1]byte
)

func main() {
	churn()
	if os.Getenv("TARGET_FREE") != "" {
		debug.FreeOSMemory()
	}
	runtime.GC()
	say()
	if os.Getenv("TARGET_CHURN") != "" {
		for i := 0; i < 4; i++ {
			go churnForever()
		}
	}
	// A blocking raw read: os.Stdin could allocate.
	for {
		n, _ := syscall.Read(0, wait[:])
		if n <= 0 {
			break
		}
		if wait[0] == 'x' {
			_ = syscall.Exec("/bin/sleep", []string{"sleep", "60"}, nil)
		}
		say()
	}
	runtime.KeepAlive(kept)
}

// say waits for rest and writes the numbers.
func say() {
	settle()
	runtime.ReadMemStats(&stats)
	out := report(line[:0])
	for len(out) > 0 {
		n, err := syscall.Write(1, out)
		if err != nil {
			os.Exit(1)
		}
		out = out[n:]
	}
}

// churn keeps every 8th of many small and some large objects, and lets 500
// goroutines grow stacks and end.
func churn() {
	for i := 0; i < 20000; i++ {
		b := make([]byte, 16+i%3000)
		if i%8 == 0 {
			keep(b)
		}
	}
	for i := 0; i < 40; i++ {
		b := make([]byte, 1<<20)
		b[0] = 1
		if i%8 == 0 {
			keep(b)
		}
	}
	done := make(chan bool)
	for i := 0; i < 500; i++ {
		go func() { done <- deep(20) }()
	}
	for i := 0; i < 500; i++ {
		<-done
	}
}

// churnForever allocates and drops objects of all sizes.
func churnForever() {
	var held [64][]byte
	for i := 0; ; i++ {
		held[i%64] = make([]byte, 1+i%100000)
	}
}

// keep holds the object and writes all of it, so that it is resident.
func keep(b []byte) {
	for i := range b {
		b[i] = 1
	}
	kept = append(kept, b)
	keptBytes += uint64(len(b))
}

//go:noinline
func deep(n int) bool {
	var pad [512]byte
	pad[n] = 1
	if n == 0 {
		return pad[0] == 1
	}
	return deep(n-1) || pad[n] == 2
}

// settle waits until the background scavenger has stopped releasing and no
// thread is being started: the same numbers for 300 ms, at most 10 s. It sleeps
// as it waits later, in a raw system call.
func settle() {
	var released, sys, stacks uint64
	same := 0
	for i := 0; i < 200 && same < 6; i++ {
		pause := syscall.NsecToTimespec(50e6)
		_ = syscall.Nanosleep(&pause, nil)
		runtime.ReadMemStats(&stats)
		same++
		if stats.HeapReleased != released || stats.Sys != sys || stats.StackInuse != stacks {
			same = 0
		}
		released, sys, stacks = stats.HeapReleased, stats.Sys, stats.StackInuse
	}
}

func report(b []byte) []byte {
	b = append(b, `{"HeapSys":`...)
	b = strconv.AppendUint(b, stats.HeapSys, 10)
	for _, f := range []struct {
		name  string
		value uint64
	}{
		{"HeapInuse", stats.HeapInuse},
		{"HeapIdle", stats.HeapIdle},
		{"HeapReleased", stats.HeapReleased},
		{"HeapAlloc", stats.HeapAlloc},
		{"HeapObjects", stats.HeapObjects},
		{"StackInuse", stats.StackInuse},
		{"StackSys", stats.StackSys},
		{"MSpanInuse", stats.MSpanInuse},
		{"MSpanSys", stats.MSpanSys},
		{"MCacheInuse", stats.MCacheInuse},
		{"MCacheSys", stats.MCacheSys},
		{"BuckHashSys", stats.BuckHashSys},
		{"GCSys", stats.GCSys},
		{"OtherSys", stats.OtherSys},
		{"Sys", stats.Sys},
		{"NextGC", stats.NextGC},
		{"NumGC", uint64(stats.NumGC)},
		{"NumForcedGC", uint64(stats.NumForcedGC)},
		{"LastGC", stats.LastGC},
		{"Kept", keptBytes},
		{"PauseEnd0", stats.PauseEnd[0]},
		{"PauseEnd1", stats.PauseEnd[1]},
		{"PauseEnd2", stats.PauseEnd[2]},
	} {
		b = append(b, `,"`...)
		b = append(b, f.name...)
		b = append(b, `":`...)
		b = strconv.AppendUint(b, f.value, 10)
	}
	return append(b, "}\n"...)
}
