// Command goroutine-leak leaves 20,000 goroutines blocked for ever.
package main

import (
	"bufio"
	"fmt"
	"io"
	"io/ioutil"
	"os"
	"runtime"
	"time"
)

func main() {
	in := bufio.NewReader(os.Stdin)
	if _, err := in.ReadString('\n'); err != nil {
		return
	}
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	for i := 0; i < 20000; i++ {
		go blocked()
	}
	time.Sleep(time.Second) // until all have run
	runtime.ReadMemStats(&after)
	// Nothing but the goroutines' records is allocated meanwhile.
	fmt.Printf("{\"made\": %d}\n", after.StackInuse-before.StackInuse+after.HeapAlloc-before.HeapAlloc)
	io.Copy(ioutil.Discard, in)
}

func blocked() { select {} }
