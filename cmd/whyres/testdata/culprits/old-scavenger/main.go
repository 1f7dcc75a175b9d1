// Command old-scavenger drops 96 MiB and has a GC find that out; Go 1.12 gives them
// back after five minutes. With the argument "free" it gives them back at once.
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

const made = 96 << 20

var keep [][]byte

func main() {
	in := bufio.NewReader(os.Stdin)
	if _, err := in.ReadString('\n'); err != nil {
		return
	}
	for i := 0; i < made>>20; i++ {
		b := make([]byte, 1<<20)
		for at := 0; at < len(b); at += 4096 {
			b[at] = 1
		}
		keep = append(keep, b)
	}
	keep = nil
	runtime.GC()
	if len(os.Args) > 1 {
		debug.FreeOSMemory()
	}
	fmt.Printf("{\"made\": %d}\n", made)
	io.Copy(ioutil.Discard, in)
}
