// Command runtime-metadata profiles each allocation, made from 131,072 different call
// stacks: the runtime keeps a bucket for each. With the argument "off" it profiles none.
package main

import (
	"bufio"
	"fmt"
	"io"
	"io/ioutil"
	"os"
	"runtime"
)

var sink *[64]byte

func main() {
	runtime.MemProfileRate = 1
	if len(os.Args) > 1 {
		runtime.MemProfileRate = 0
	}
	in := bufio.NewReader(os.Stdin)
	if _, err := in.ReadString('\n'); err != nil {
		return
	}
	branch(17)
	sink = nil
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	fmt.Printf("{\"made\": %d}\n", m.BuckHashSys)
	runtime.KeepAlive(runtime.MemProfile) // which has the linker leave profiling on
	io.Copy(ioutil.Discard, in)
}

// branch calls itself from two places: 2^depth stacks lead to the allocations.
//
//go:noinline
func branch(depth int) {
	if depth == 0 {
		sink = new([64]byte)
		return
	}
	branch(depth - 1)
	branch(depth - 1)
}
