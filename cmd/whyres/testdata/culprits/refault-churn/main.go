// Command refault-churn uses 32 MiB four times a second for some seconds; "free"
// has the runtime give them back after each time. The memory is in use, so that
// the cause holds none.
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

var keep [][]byte

func main() {
	in := bufio.NewReader(os.Stdin)
	if _, err := in.ReadString('\n'); err != nil {
		return
	}
	for began := time.Now(); time.Since(began) < 6*time.Second; time.Sleep(250 * time.Millisecond) {
		for i := 0; i < 32; i++ {
			b := make([]byte, 1<<20)
			for at := 0; at < len(b); at += 4096 {
				b[at] = 1
			}
			keep = append(keep, b)
		}
		keep = nil
		runtime.GC()
		if os.Args[1] == "free" {
			debug.FreeOSMemory()
		}
	}
	fmt.Println("{\"made\": 0}")
	io.Copy(ioutil.Discard, in)
}
