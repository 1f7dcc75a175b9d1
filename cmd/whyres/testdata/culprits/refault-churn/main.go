// Command refault-churn holds 48 MiB and uses 32 MiB more four times a second for
// some seconds; "free" has the runtime give these back after each time, which
// "keep" leaves to the scavenger, whose goal they are below. The memory is in use,
// so that the cause holds none.
package main

import (
	"bufio"
	"fmt"
	"io"
	"io/ioutil"
	"os"
	"runtime"
	"runtime/debug"
	"time"
)

const (
	live = 48
	wave = 32
)

func main() {
	in := bufio.NewReader(os.Stdin)
	if _, err := in.ReadString('\n'); err != nil {
		return
	}
	held := use(live)
	for began := time.Now(); time.Since(began) < 6*time.Second; time.Sleep(250 * time.Millisecond) {
		use(wave)
		if os.Args[1] == "free" {
			debug.FreeOSMemory()
		}
	}
	fmt.Println("{\"made\": 0}")
	io.Copy(ioutil.Discard, in)
	runtime.KeepAlive(held)
}

// use touches so many MiB.
func use(mib int) (blocks [][]byte) {
	for i := 0; i < mib; i++ {
		b := make([]byte, 1<<20)
		for at := 0; at < len(b); at += 4096 {
			b[at] = 1
		}
		blocks = append(blocks, b)
	}
	return blocks
}
