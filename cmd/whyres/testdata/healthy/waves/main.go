// Command waves starts 2,000 goroutines five times a second, which end at once.
package main

import (
	"bufio"
	"fmt"
	"io"
	"io/ioutil"
	"os"
	"sync"
	"time"
)

const wave = 2000

func main() {
	in := bufio.NewReader(os.Stdin)
	if _, err := in.ReadString('\n'); err != nil {
		return
	}
	warm := make(chan bool)
	go work(warm)
	<-warm
	fmt.Println(`{"made": 0}`)
	io.Copy(ioutil.Discard, in)
}

// work is warm after three seconds.
func work(warm chan bool) {
	n := 0
	for range time.Tick(200 * time.Millisecond) {
		var all sync.WaitGroup
		all.Add(wave)
		for i := 0; i < wave; i++ {
			go func() {
				defer all.Done()
				time.Sleep(10 * time.Millisecond)
			}()
		}
		all.Wait()
		if n++; n == 15 {
			close(warm)
		}
	}
}
