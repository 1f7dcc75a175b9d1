// Command shapes is the process that the tests of Walk's parts read. It makes a
// heap of a known shape, one of those below (its argument, then a number), says
// what runtime.ReadMemStats says as one line of JSON, and waits for standard
// input to close. It builds with Go 1.12 and newer.
package main

import (
	"os"
	"runtime"
	"runtime/debug"
	"strconv"
	"syscall"
	"unsafe"
)

var (
	kept    [][]byte
	objects []*[1000]byte
	stop    = make(chan bool)
	sum     byte
	stats   runtime.MemStats
	line    [512]byte
)

func main() {
	n, err := strconv.Atoi(os.Args[2])
	if err != nil {
		panic(err)
	}
	shapes := map[string]func(int){
		"plain": func(int) {}, "live": live, "dead": dead, "objects": fill, "halves": halves,
		"untouched": untouched, "zero": zero, "huge": huge, "threads": threads, "heap": heap, "tatters": tatters, "spans": spans, "stir": stir,
	}
	shapes[os.Args[1]](n)
	var one [1]byte
	for {
		pause := syscall.NsecToTimespec(100e6)
		_ = syscall.Nanosleep(&pause, nil)
		runtime.ReadMemStats(&stats)
		_, _ = syscall.Write(1, report(line[:0]))
		if got, _ := syscall.Read(0, one[:]); got <= 0 {
			return
		}
	}
}

// report allocates nothing.
func report(b []byte) []byte {
	b = append(b, `{"HeapAlloc":`...)
	b = strconv.AppendUint(b, stats.HeapAlloc, 10)
	b = append(b, `,"HeapInuse":`...)
	b = strconv.AppendUint(b, stats.HeapInuse, 10)
	b = append(b, `,"StackInuse":`...)
	b = strconv.AppendUint(b, stats.StackInuse, 10)
	b = append(b, `,"HeapReleased":`...)
	b = strconv.AppendUint(b, stats.HeapReleased, 10)
	b = append(b, `,"Goroutines":`...)
	b = strconv.AppendUint(b, uint64(runtime.NumGoroutine()), 10)
	return append(b, "}\n"...)
}

// live blocks n goroutines whose stacks have grown to 32 KiB.
func live(n int) {
	debug.SetGCPercent(-1)
	ready := make(chan bool)
	for i := 0; i < n; i++ {
		go func() {
			deep(40)
			ready <- true
			<-stop
		}()
	}
	for i := 0; i < n; i++ {
		<-ready
	}
}

// deep takes some 540 bytes of stack a call.
//
//go:noinline
func deep(n int) byte {
	var pad [512]byte
	pad[n] = 1
	if n == 0 {
		return pad[n]
	}
	return deep(n-1) + pad[n]
}

// dead ends n goroutines that lived at once; no GC frees their stacks.
func dead(n int) {
	debug.SetGCPercent(-1)
	ready := make(chan bool)
	for i := 0; i < n; i++ {
		go func() {
			ready <- true
			<-stop
		}()
	}
	for i := 0; i < n; i++ {
		<-ready
	}
	close(stop)
	for runtime.NumGoroutine() > 1 {
		runtime.Gosched()
	}
}

// fill allocates n objects of 1,000 bytes (size class 1,024), and writes them.
func fill(n int) {
	objects = make([]*[1000]byte, n)
	for i := range objects {
		objects[i] = new([1000]byte)
		objects[i][0] = 1
		objects[i][999] = 1
	}
	runtime.GC()
}

// halves drops every second of the objects.
func halves(n int) {
	fill(n)
	for i := 0; i < len(objects); i += 2 {
		objects[i] = nil
	}
	runtime.GC()
	runtime.GC()
}

// untouched allocates n MiB that are never written.
func untouched(n int) { kept = append(kept, make([]byte, n<<20)) }

// zero reads n MiB that were never written.
func zero(n int) {
	untouched(n)
	for i := 0; i < len(kept[0]); i += 4096 {
		sum += kept[0][i]
	}
}

// huge writes n MiB in huge pages.
func huge(n int) {
	const setTHPDisable, hugePage = 41, 14
	if _, _, e := syscall.RawSyscall6(syscall.SYS_PRCTL, setTHPDisable, 0, 0, 0, 0, 0); e != 0 {
		panic(e)
	}
	untouched(n)
	b := kept[0]
	start := uintptr(unsafe.Pointer(&b[0]))
	aligned := (start + 2<<20 - 1) &^ (2<<20 - 1)
	if _, _, e := syscall.Syscall(syscall.SYS_MADVISE, aligned, uintptr(len(b))-(aligned-start), hugePage); e != 0 {
		panic(e)
	}
	for i := range b {
		b[i] = 1
	}
}

// threads keeps n goroutines in system calls, each on its own thread.
func threads(n int) {
	for i := 0; i < n; i++ {
		var p [2]int
		if err := syscall.Pipe(p[:]); err != nil {
			panic(err)
		}
		go func() {
			var b [1]byte
			_, _ = syscall.Read(p[0], b[:])
		}()
	}
	pause := syscall.NsecToTimespec(300e6)
	_ = syscall.Nanosleep(&pause, nil)
}

// heap holds n MiB: a quarter in large objects, the rest in objects of 1,000
// bytes.
func heap(n int) {
	for i := 0; i < n/4; i++ {
		b := make([]byte, 1<<20)
		for j := 0; j < len(b); j += 4096 {
			b[j] = 1
		}
		kept = append(kept, b)
	}
	fill(n / 4 * 3 << 10)
}

// spans holds n MiB in objects of 8 KiB, one a span.
func spans(n int) {
	for i := 0; i < n<<20/8192; i++ {
		b := make([]byte, 8192)
		b[0] = 1
		b[4096] = 1
		kept = append(kept, b)
	}
	runtime.GC()
}

// stir has n goroutines that start others all the time, whose stacks grow, and
// drop objects, so that GCs run.
func stir(n int) {
	for i := 0; i < n; i++ {
		go func() {
			done := make(chan byte)
			for {
				for j := 0; j < 100; j++ {
					go func() { done <- deep(50) }()
				}
				b := make([]byte, 50000)
				for j := 0; j < 100; j++ {
					b[j] = <-done
				}
			}
		}()
	}
}

// tatters leaves single pages released: every second page is kept.
func tatters(n int) {
	debug.SetGCPercent(-1)
	for i := 0; i < n<<20/8192; i++ {
		b := make([]byte, 8192)
		b[0] = 1
		if i%2 == 0 {
			kept = append(kept, b)
		}
	}
	debug.FreeOSMemory()
}
