// Command fragmentation keeps one of eight objects of 1 KiB, that is one in each span
// of 8 KiB, of 96 MiB. With the argument "copy" it copies these and drops the old.
package main

import (
	"bufio"
	"fmt"
	"io"
	"io/ioutil"
	"os"
	"runtime"
)

const objects = 96 << 10

var all [objects]*[1024]byte

func main() {
	in := bufio.NewReader(os.Stdin)
	if _, err := in.ReadString('\n'); err != nil {
		return
	}
	for i := range all {
		all[i] = new([1024]byte)
		all[i][0] = 1
	}
	for i := range all {
		if i%8 != 0 {
			all[i] = nil
		} else if len(os.Args) > 1 {
			b := *all[i]
			all[i] = &b
		}
	}
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	fmt.Printf("{\"made\": %d}\n", m.HeapInuse-m.HeapAlloc)
	io.Copy(ioutil.Discard, in)
}
