// Command gc-clock drops 96 MiB that filled their chunks of the heap, and has one
// GC find that out. With the argument "free" it gives them back.
package main

import (
	"bufio"
	"fmt"
	"io"
	"io/ioutil"
	"os"
	"runtime"
	"runtime/debug"
)

var keep [][]byte

func main() {
	in := bufio.NewReader(os.Stdin)
	if _, err := in.ReadString('\n'); err != nil {
		return
	}
	for i := 0; i < 96; i++ {
		b := make([]byte, 1<<20)
		for at := 0; at < len(b); at += 4096 {
			b[at] = 1
		}
		keep = append(keep, b)
	}
	keep = nil
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	made := m.HeapIdle - m.HeapReleased
	if len(os.Args) > 1 {
		debug.FreeOSMemory()
	}
	fmt.Printf("{\"made\": %d}\n", made)
	io.Copy(ioutil.Discard, in)
}
