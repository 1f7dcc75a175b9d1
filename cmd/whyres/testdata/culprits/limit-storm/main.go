// Command limit-storm holds 48 MiB in blocks and replaces them by blocks of
// other sizes for some seconds: close to its memory limit an allocation that
// fits into no hole has to release others first. The memory is in use, so that
// the cause holds none.
package main

import (
	"bufio"
	"fmt"
	"io"
	"io/ioutil"
	"math/rand"
	"os"
	"time"
)

const total = 48 << 20

var keep [64][]byte

func main() {
	in := bufio.NewReader(os.Stdin)
	if _, err := in.ReadString('\n'); err != nil {
		return
	}
	random := rand.New(rand.NewSource(1))
	held := 0
	for began := time.Now(); time.Since(began) < 6*time.Second; {
		slot := random.Intn(len(keep))
		held -= len(keep[slot])
		keep[slot] = nil
		b := make([]byte, min(total-held, 64<<10+random.Intn(2<<20)))
		for at := 0; at < len(b); at += 4096 {
			b[at] = 1
		}
		keep[slot] = b
		held += len(b)
		time.Sleep(time.Millisecond)
	}
	fmt.Println("{\"made\": 0}")
	io.Copy(ioutil.Discard, in)
}

func min(a, b int) int {
	if a < b {
		return a
	}
	return b
}
