// Command gogc-off drops 64 MiB with GOGC off: no GC finds out. With the argument
// "on" it leaves GOGC alone.
package main

import (
	"bufio"
	"fmt"
	"io"
	"io/ioutil"
	"os"
	"runtime/debug"
)

const made = 64 << 20

var dropped []byte

func main() {
	in := bufio.NewReader(os.Stdin)
	if _, err := in.ReadString('\n'); err != nil {
		return
	}
	if len(os.Args) == 1 {
		debug.SetGCPercent(-1)
	}
	for i := 0; i < made>>20; i++ {
		dropped = make([]byte, 1<<20)
		for at := 0; at < len(dropped); at += 4096 {
			dropped[at] = 1
		}
	}
	dropped = nil
	fmt.Printf("{\"made\": %d}\n", made)
	io.Copy(ioutil.Discard, in)
}
