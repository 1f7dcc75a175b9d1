// Command cache holds 40 MiB of objects that it uses, and has seen two GCs since
// it filled.
package main

import (
	"bufio"
	"fmt"
	"io"
	"io/ioutil"
	"os"
	"runtime"
)

const made = 40 << 20

func main() {
	in := bufio.NewReader(os.Stdin)
	if _, err := in.ReadString('\n'); err != nil {
		return
	}
	const object = 4 << 10
	cache := make([][]byte, made/object)
	for i := range cache {
		cache[i] = make([]byte, object)
		cache[i][0] = 1
	}
	runtime.GC()
	runtime.GC()
	fmt.Printf("{\"made\": %d}\n", made)
	io.Copy(ioutil.Discard, in)
	runtime.KeepAlive(cache)
}
