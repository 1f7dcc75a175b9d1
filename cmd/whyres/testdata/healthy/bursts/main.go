// Command bursts allocates 6 times 40 MiB each ten seconds, one after the other,
// and rests in between. It has made two bursts when it says so.
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
	each   = 40 << 20
	object = 64 << 10
)

var last [][]byte

func main() {
	in := bufio.NewReader(os.Stdin)
	if _, err := in.ReadString('\n'); err != nil {
		return
	}
	burst()
	go func() {
		for range time.Tick(10 * time.Second) {
			burst()
		}
	}()
	burst()
	fmt.Printf("{\"made\": %d}\n", each)
	io.Copy(ioutil.Discard, in)
}

func burst() {
	for i := 0; i < 6; i++ {
		objects := make([][]byte, each/object)
		for j := range objects {
			objects[j] = make([]byte, object)
			objects[j][0] = 1
		}
		last = objects
	}
	last = nil
}
