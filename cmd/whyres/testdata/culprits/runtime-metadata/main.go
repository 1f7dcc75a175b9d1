// Command runtime-metadata has a heap of 131,072 spans for a moment: what stays
// is the runtime's records of them. The heap itself is never written to, and so never
// in RES. With the argument "few" the same heap is of few spans.
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

const heap = 1 << 30

var keep [][]byte

func main() {
	in := bufio.NewReader(os.Stdin)
	if _, err := in.ReadString('\n'); err != nil {
		return
	}
	span := 8 << 10
	if len(os.Args) > 1 {
		span = 1 << 20
	}
	for i := 0; i < heap/span; i++ {
		keep = append(keep, make([]byte, span))
	}
	keep = nil
	debug.FreeOSMemory()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	fmt.Printf("{\"made\": %d}\n", m.MSpanSys-m.MSpanInuse)
	io.Copy(ioutil.Discard, in)
}
