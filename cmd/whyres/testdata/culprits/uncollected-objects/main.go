// Command uncollected-objects drops 48 MiB before any GC has run.
package main

import (
	"bufio"
	"fmt"
	"io"
	"io/ioutil"
	"os"
)

const made = 48 << 20

var dropped []byte

func main() {
	in := bufio.NewReader(os.Stdin)
	if _, err := in.ReadString('\n'); err != nil {
		return
	}
	for i := 0; i < made>>20; i++ {
		dropped = make([]byte, 1<<20)
		for at := 0; at < len(dropped); at += 4096 {
			dropped[at] = 1
		}
	}
	dropped = nil
	fmt.Printf("{\"made\": %d}\n", made)
	io.Copy(ioutil.Discard, in)
}
