// Command forced-huge-pages-collapse makes 64 MiB of objects, drops them and
// gives them back, and makes them again: when a 4 MiB chunk that was released from
// gets dense again, Go 1.21.1 to 1.21.3 have the kernel make huge pages of it. The
// memory is in use, so that the cause holds none.
package main

import (
	"bufio"
	"fmt"
	"io"
	"io/ioutil"
	"os"
	"runtime/debug"
)

const (
	block = 256 << 10
	total = 64 << 20
)

var keep [][]byte

func main() {
	in := bufio.NewReader(os.Stdin)
	if _, err := in.ReadString('\n'); err != nil {
		return
	}
	fill()
	keep = nil
	debug.FreeOSMemory()
	fill()
	fmt.Println("{\"made\": 0}")
	io.Copy(ioutil.Discard, in)
}

func fill() {
	for i := 0; i < total/block; i++ {
		b := make([]byte, block)
		for at := 0; at < len(b); at += 4096 {
			b[at] = 1
		}
		keep = append(keep, b)
	}
}
