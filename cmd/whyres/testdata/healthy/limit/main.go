// Command limit works with GOGC=off and GOMEMLIMIT=256MiB: 40 MiB of objects are
// live, and it allocates some 100 MiB a second. It has met its limit when it says
// so.
package main

import (
	"bufio"
	"fmt"
	"io"
	"io/ioutil"
	"os"
	"time"
)

const (
	live   = 40 << 20
	object = 8 << 10
	each   = 1 << 20 // a tick
)

var objects [live / object][]byte

func main() {
	in := bufio.NewReader(os.Stdin)
	if _, err := in.ReadString('\n'); err != nil {
		return
	}
	warm := make(chan bool)
	go work(warm)
	<-warm
	fmt.Printf("{\"made\": %d}\n", live)
	io.Copy(ioutil.Discard, in)
}

// work is warm after five seconds, of which two fill the heap.
func work(warm chan bool) {
	next, n := 0, 0
	for range time.Tick(10 * time.Millisecond) {
		for i := 0; i < each/object; i++ {
			b := make([]byte, object)
			b[0] = 1
			objects[next%len(objects)] = b
			next++
		}
		if n++; n == 500 {
			close(warm)
		}
	}
}
