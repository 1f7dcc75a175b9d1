// Command grown-stacks has 1,000 goroutines that needed 110 KiB of stack each once, and
// wait since. GCs come; with GODEBUG=gcshrinkstackoff=1 they shrink no stack.
package main

import (
	"bufio"
	"fmt"
	"io"
	"io/ioutil"
	"os"
	"runtime"
	"sync"
)

const goroutines = 1000

func main() {
	in := bufio.NewReader(os.Stdin)
	if _, err := in.ReadString('\n'); err != nil {
		return
	}
	before := resident()
	var deep sync.WaitGroup
	deep.Add(goroutines)
	for i := 0; i < goroutines; i++ {
		go func() {
			recurse(105)
			deep.Done()
			select {}
		}()
	}
	deep.Wait()
	for i := 0; i < 8; i++ {
		runtime.GC()
	}
	fmt.Printf("{\"made\": %d}\n", resident()-before)
	io.Copy(ioutil.Discard, in)
}

// recurse uses 1 KiB of stack a call.
//
//go:noinline
func recurse(depth int) byte {
	var frame [1000]byte
	frame[depth] = byte(depth)
	if depth > 0 {
		frame[depth-1] = recurse(depth - 1)
	}
	return frame[depth/2]
}

// resident is RES in bytes.
func resident() int {
	text, err := ioutil.ReadFile("/proc/self/statm")
	if err != nil {
		panic(err)
	}
	var total, pages int
	fmt.Sscan(string(text), &total, &pages)
	return pages * os.Getpagesize()
}
