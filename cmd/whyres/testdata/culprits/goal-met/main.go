// Command goal-met keeps 64 MiB, uses 35 MiB between them for a moment, and has a GC
// find that these are free: the heap may keep them, as it was that large at the GC.
//
// What is kept and what is used for a moment take turns, with some room between:
// no chunk of the heap is ever nearly full, which would keep it for another reason.
package main

import (
	"bufio"
	"fmt"
	"io"
	"io/ioutil"
	"os"
	"runtime"
	"runtime/debug"
	"time"
)

var keep, between [][]byte

func touched(size int) []byte {
	b := make([]byte, size)
	for at := 0; at < len(b); at += 4096 {
		b[at] = 1
	}
	return b
}

func main() {
	in := bufio.NewReader(os.Stdin)
	if _, err := in.ReadString('\n'); err != nil {
		return
	}
	for i := 0; i < 128; i++ {
		keep = append(keep, touched(512<<10))
		between = append(between, touched(512<<10))
	}
	between = nil
	runtime.GC()
	debug.FreeOSMemory()
	for i := 0; i < 80; i++ {
		between = append(between, touched(448<<10))
	}
	between = nil
	runtime.GC()
	fmt.Printf("{\"made\": %d}\n", settle())
	io.Copy(ioutil.Discard, in)
	runtime.KeepAlive(keep)
}

// settle waits until the scavenger has nothing to do, and returns what is free
// and not released.
func settle() uint64 {
	var m runtime.MemStats
	for last, same := uint64(0), 0; same < 10; time.Sleep(100 * time.Millisecond) {
		runtime.ReadMemStats(&m)
		if same++; m.HeapReleased != last {
			last, same = m.HeapReleased, 0
		}
	}
	return m.HeapIdle - m.HeapReleased
}
