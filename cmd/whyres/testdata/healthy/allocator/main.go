// Command allocator works steadily: 20 MiB of objects are live, and it allocates
// some 50 MiB a second, of which one object in eight replaces a live one.
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
	live   = 20 << 20
	object = 2 << 10
	tick   = 10 * time.Millisecond
	each   = 50 << 20 / 100 // a tick
)

var last []byte

func main() {
	in := bufio.NewReader(os.Stdin)
	if _, err := in.ReadString('\n'); err != nil {
		return
	}
	objects := make([][]byte, live/object)
	for i := range objects {
		objects[i] = written()
	}
	warm := make(chan bool)
	go work(objects, warm)
	<-warm
	fmt.Printf("{\"made\": %d}\n", live)
	io.Copy(ioutil.Discard, in)
}

// work is warm after some GCs.
func work(objects [][]byte, warm chan bool) {
	began, next := time.Now(), 0
	for range time.Tick(tick) {
		for i := 0; i < each/object; i++ {
			last = written()
			if i%8 == 0 {
				objects[next%len(objects)] = last
				next++
			}
		}
		if warm != nil && time.Since(began) > 3*time.Second {
			close(warm)
			warm = nil
		}
	}
}

func written() []byte {
	b := make([]byte, object)
	b[0] = 1
	return b
}
