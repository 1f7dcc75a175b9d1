// Command rampup starts 3,000 goroutines within ten seconds, as a server that its
// clients find again, and keeps them. It says so as it begins.
package main

import (
	"bufio"
	"fmt"
	"io"
	"io/ioutil"
	"os"
	"time"
)

func main() {
	in := bufio.NewReader(os.Stdin)
	if _, err := in.ReadString('\n'); err != nil {
		return
	}
	end := make(chan bool)
	go func() {
		ticks := time.NewTicker(10 * time.Millisecond)
		defer ticks.Stop()
		for i := 0; i < 1000; i++ {
			<-ticks.C
			for j := 0; j < 3; j++ {
				go client(end)
			}
		}
	}()
	fmt.Println(`{"made": 0}`)
	io.Copy(ioutil.Discard, in)
	close(end)
}

// client holds a buffer, as a connection does.
func client(end chan bool) {
	buffer := make([]byte, 4<<10)
	buffer[0] = 1
	<-end
	buffer[0] = 2
}
