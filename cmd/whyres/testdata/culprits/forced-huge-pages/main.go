// Command forced-huge-pages uses a little more than half of the first 4 MiB of
// its heap. The rest was never used, so that it counts as released; Go 1.21.0
// makes it resident by huge pages.
package main

import (
	"bufio"
	"fmt"
	"io"
	"io/ioutil"
	"os"
	"runtime"
)

var keep []byte

func main() {
	in := bufio.NewReader(os.Stdin)
	if _, err := in.ReadString('\n'); err != nil {
		return
	}
	keep = make([]byte, 2<<20)
	for at := 0; at < len(keep); at += 4096 {
		keep[at] = 1
	}
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	fmt.Printf("{\"made\": %d}\n", m.HeapReleased)
	io.Copy(ioutil.Discard, in)
	runtime.KeepAlive(keep)
}
