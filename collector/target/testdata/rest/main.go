// Command rest is the process that the ledger is tried on: goroutines alive and
// ended, objects small and large, garbage, and memory that was given back. It
// comes to rest, says what runtime.ReadMemStats says of it as one line of JSON,
// and waits for standard input to close; given a byte it says so anew. With
// REST_CHURN set it then allocates on all cores until it is told to end. It
// builds with Go 1.12 and newer.
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
	bytes uint64
	wait  [1]byte
)

func main() {
	makeHeap()
	makeGoroutines()
	debug.FreeOSMemory()
	makeGarbage()
	say()
	if os.Getenv("REST_CHURN") != "" {
		for i := 0; i < runtime.NumCPU(); i++ {
			go churn(i)
		}
	}
	// A blocking raw read: os.Stdin could allocate.
	for {
		n, _ := syscall.Read(0, wait[:])
		if n <= 0 {
			break
		}
		say()
	}
	runtime.KeepAlive(kept)
}

// makeHeap keeps every 4th of many objects: the rest is free slots, or released.
func makeHeap() {
	for i := 0; i < 40000; i++ {
		b := make([]byte, 16+i%3000)
		if i%4 == 0 {
			keep(b)
		}
	}
	for i := 0; i < 64; i++ {
		b := make([]byte, 1<<20)
		for j := range b {
			b[j] = 1
		}
		if i%8 == 0 {
			keep(b)
		}
	}
}

// keep holds the object and writes all of it, so that it is resident.
func keep(b []byte) {
	for i := range b {
		b[i] = 1
	}
	kept = append(kept, b)
	bytes += uint64(len(b))
}

// makeGoroutines leaves 500 that wait with grown stacks; 500 others end.
func makeGoroutines() {
	forever, deeply, done := make(chan bool), make(chan bool), make(chan bool)
	for i := 0; i < 500; i++ {
		go func() { deep(20, func() { deeply <- true; <-forever }) }()
		go func() { deep(4, func() {}); done <- true }()
	}
	for i := 0; i < 500; i++ {
		<-deeply
		<-done
	}
}

//go:noinline
func deep(n int, then func()) byte {
	var pad [512]byte
	pad[n] = 1
	if n == 0 {
		then()
		return pad[0]
	}
	return deep(n-1, then) + pad[n]
}

// makeGarbage drops objects after the last GC, too few for another one.
func makeGarbage() {
	for i := 0; i < 1000; i++ {
		b := make([]byte, 2000)
		b[i] = 1
	}
}

// churn allocates and drops objects of all sizes, and starts goroutines.
func churn(seed int) {
	var held [64][]byte
	ended := make(chan bool, 1)
	for i := seed; ; i++ {
		held[i%64] = make([]byte, 1+i*7919%100000)
		if i%64 == 0 {
			go func() { deep(i%16, func() {}); ended <- true }()
			<-ended
		}
	}
}

// say waits for rest and writes the numbers, without allocating after them.
func say() {
	if os.Getenv("REST_CHURN") == "" {
		settle()
	}
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
	b = append(b, `{"Kept":`...)
	b = strconv.AppendUint(b, bytes, 10)
	for _, f := range []struct {
		name  string
		value uint64
	}{
		{"HeapSys", stats.HeapSys},
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
		{"LastGCUnix", stats.LastGC},
	} {
		b = append(b, `,"`...)
		b = append(b, f.name...)
		b = append(b, `":`...)
		b = strconv.AppendUint(b, f.value, 10)
	}
	return append(b, "}\n"...)
}
