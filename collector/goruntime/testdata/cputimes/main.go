// Command cputimes is the process that the tests of the GC's and the scavenger's
// times read. It makes garbage, collects it, lets the scavenger work, says its
// numbers as one line of JSON, and reads its standard input: given a g it
// collects and says them anew, given a c it collects for ever, given an f it has
// debug.FreeOSMemory release much, and says its numbers before and after. It builds
// with Go 1.12 and newer.
package main

import (
	"os"
	"runtime"
	"runtime/debug"
	"strconv"
	"syscall"
	"time"
)

// add is what the file metrics.go adds, which only Go 1.20 and newer gets.
var add = func(b []byte) []byte { return b }

var (
	begun = time.Now().UnixNano()
	stats runtime.MemStats
	line  [4096]byte
	kept  [][]byte
	// freeing is how long the releasing of debug.FreeOSMemory took, in ns.
	freeing int64
)

func main() {
	work()
	say()
	var order [1]byte
	for {
		if n, _ := syscall.Read(0, order[:]); n <= 0 {
			return
		}
		if order[0] == 'f' {
			free()
		}
		runtime.GC()
		say()
		if order[0] == 'c' {
			go churn()
		}
	}
}

// work makes the GC and the scavenger work: 64 MiB live at a time, then nothing.
func work() {
	done := make(chan bool)
	for i := 0; i < 4; i++ {
		go func() {
			garbage(64 << 10)
			done <- true
		}()
	}
	for i := 0; i < 4; i++ {
		<-done
	}
	kept = nil
	runtime.GC()
	runtime.GC() // what was free in dense chunks may go now
	time.Sleep(time.Second)
	runtime.GC()
}

// free has 1 GiB released at once, of small pages, which takes long. FreeOSMemory is a
// GC and the releasing: what such a GC takes is measured before. Without GOGC the
// background scavenger has no goal that would let it release meanwhile.
func free() {
	const setTHPDisable = 41
	if _, _, errno := syscall.RawSyscall6(syscall.SYS_PRCTL, setTHPDisable, 1, 0, 0, 0, 0); errno != 0 {
		os.Exit(2)
	}
	debug.SetGCPercent(-1)
	for i := 0; i < 1024; i++ {
		kept = append(kept, make([]byte, 1<<20))
		for at := 0; at < 1<<20; at += 4096 {
			kept[i][at] = 1
		}
	}
	runtime.GC()
	say()
	begin := time.Now()
	runtime.GC()
	collected := time.Now()
	kept = nil
	debug.FreeOSMemory()
	freeing = int64(time.Since(collected) - collected.Sub(begin))
}

func garbage(n int) {
	var live [16 << 10][]byte
	for i := 0; i < n; i++ {
		live[i%len(live)] = make([]byte, 1<<10)
	}
	runtime.KeepAlive(live)
}

// churn collects for ever, and gives the scavenger something to do in between.
func churn() {
	go func() {
		for {
			garbage(16 << 10)
		}
	}()
	for {
		runtime.GC()
	}
}

func say() {
	runtime.ReadMemStats(&stats)
	b := append(line[:0], `{"Begun":`...)
	b = strconv.AppendInt(b, begun, 10)
	b = append(b, `,"LastGC":`...)
	b = strconv.AppendUint(b, stats.LastGC, 10)
	b = append(b, `,"NumGC":`...)
	b = strconv.AppendUint(b, uint64(stats.NumGC), 10)
	b = append(b, `,"Procs":`...)
	b = strconv.AppendInt(b, int64(runtime.GOMAXPROCS(0)), 10)
	b = append(b, `,"FractionE12":`...)
	b = strconv.AppendUint(b, uint64(stats.GCCPUFraction*1e12), 10)
	b = append(b, `,"Freeing":`...)
	b = strconv.AppendInt(b, freeing, 10)
	b = add(b)
	if _, err := os.Stdout.Write(append(b, "}\n"...)); err != nil {
		os.Exit(1)
	}
}
