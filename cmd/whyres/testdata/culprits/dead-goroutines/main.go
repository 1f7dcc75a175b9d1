// Command dead-goroutines has 20,000 goroutines alive at a time, which all end. With
// an argument, a number, no more than so many are alive at a time.
package main

import (
	"bufio"
	"fmt"
	"io"
	"io/ioutil"
	"os"
	"runtime"
	"strconv"
	"sync/atomic"
	"time"
)

const goroutines = 20000

func main() {
	in := bufio.NewReader(os.Stdin)
	if _, err := in.ReadString('\n'); err != nil {
		return
	}
	atATime := goroutines
	if len(os.Args) > 1 {
		atATime, _ = strconv.Atoi(os.Args[1])
	}
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	for begun := 0; begun < goroutines; begun += atATime {
		together(atATime)
	}
	runtime.ReadMemStats(&after)
	// Nothing but the goroutines' records is allocated meanwhile.
	fmt.Printf("{\"made\": %d}\n", after.StackInuse-before.StackInuse+after.HeapAlloc-before.HeapAlloc)
	io.Copy(ioutil.Discard, in)
}

var alive, stop int32

// together has n goroutines alive at a time, and waits until all have ended.
func together(n int) {
	atomic.StoreInt32(&stop, 0)
	for i := 0; i < n; i++ {
		go run()
	}
	for atomic.LoadInt32(&alive) < int32(n) {
		runtime.Gosched()
	}
	atomic.StoreInt32(&stop, 1)
	for runtime.NumGoroutine() > 1 {
		time.Sleep(10 * time.Millisecond)
	}
	atomic.StoreInt32(&alive, 0)
}

// run ends when it is told to: it waits without a record of its wait, which
// would be memory too.
func run() {
	atomic.AddInt32(&alive, 1)
	for atomic.LoadInt32(&stop) == 0 {
		runtime.Gosched()
	}
}
