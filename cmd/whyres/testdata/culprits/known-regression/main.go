// Command known-regression holds 64 MiB and makes 32 MiB of garbage. With GOGC=25
// a GC is due after 16 MiB: what is beyond these is too much. Go 1.14.0 gets it
// wrong after every other GC.
package main

import (
	"bufio"
	"fmt"
	"io"
	"io/ioutil"
	"os"
	"runtime"
)

const (
	block   = 1 << 20
	live    = 64
	garbage = 32
)

var (
	keep [][]byte
	drop []byte
)

func main() {
	in := bufio.NewReader(os.Stdin)
	if _, err := in.ReadString('\n'); err != nil {
		return
	}
	for i := 0; i < live; i++ {
		keep = append(keep, touched())
	}
	runtime.GC()
	for tries := 0; tries < 4 && nextGC() < live*block*3/2; tries++ {
		runtime.GC()
	}
	for i := 0; i < garbage; i++ {
		drop = touched()
	}
	fmt.Printf("{\"made\": %d}\n", garbage*block-live*block*25/100)
	io.Copy(ioutil.Discard, in)
	runtime.KeepAlive(keep)
}

func nextGC() uint64 {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.NextGC
}

func touched() []byte {
	b := make([]byte, block)
	for at := 0; at < len(b); at += 4096 {
		b[at] = 1
	}
	return b
}
