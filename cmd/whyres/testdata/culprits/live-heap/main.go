// Command live-heap keeps 64 MiB in objects of 1 KiB.
package main

import (
	"bufio"
	"fmt"
	"io"
	"io/ioutil"
	"os"
	"runtime"
)

const objects = 64 << 10

var keep [objects]*[1024]byte

func main() {
	in := bufio.NewReader(os.Stdin)
	if _, err := in.ReadString('\n'); err != nil {
		return
	}
	for i := range keep {
		keep[i] = new([1024]byte)
		keep[i][0] = 1
	}
	runtime.GC()
	fmt.Printf("{\"made\": %d}\n", objects*1024)
	io.Copy(ioutil.Discard, in)
}
