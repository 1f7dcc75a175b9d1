// Command cthreads keeps some goroutines in C calls, each on a thread that C
// created, says how many on standard output as one line of JSON, and waits for
// standard input to close.
package main

/*
#include <unistd.h>
static void wait_in_c(void) { pause(); }
*/
import "C"

import (
	"fmt"
	"os"
	"time"
)

func main() {
	const threads = 20
	for i := 0; i < threads; i++ {
		go C.wait_in_c()
	}
	time.Sleep(300 * time.Millisecond)
	fmt.Printf("{\"Threads\":%d}\n", threads)
	var one [1]byte
	_, _ = os.Stdin.Read(one[:])
}
