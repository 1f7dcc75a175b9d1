// Command cgo says hello by C.
package main

// #include <stdio.h>
// static void hello(void) { puts("{\"made\": 0}"); fflush(stdout); }
import "C"

import (
	"bufio"
	"io"
	"io/ioutil"
	"os"
)

func main() {
	in := bufio.NewReader(os.Stdin)
	if _, err := in.ReadString('\n'); err != nil {
		return
	}
	C.hello()
	io.Copy(ioutil.Discard, in)
}
