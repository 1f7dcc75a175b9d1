// Command instrumented-build is built with -race and writes to 32 MiB of its heap,
// each word of them: the race detector keeps 16 bytes for each 8 of these (four
// shadow cells of 4 bytes since the detector of Go 1.19).
package main

import (
	"bufio"
	"fmt"
	"io"
	"os"
)

const (
	heap   = 32 << 20
	shadow = heap / 8 * 16
)

var keep []uint64

func main() {
	in := bufio.NewReader(os.Stdin)
	if _, err := in.ReadString('\n'); err != nil {
		return
	}
	keep = make([]uint64, heap/8)
	for i := range keep {
		keep[i] = uint64(i)
	}
	fmt.Printf("{\"made\": %d}\n", shadow)
	io.Copy(io.Discard, in)
}
