// Command mixed-lazy-cgo-goroutines holds memory that was released by MADV_FREE,
// C's blocks, and goroutines that wait for ever.
package main

/*
#include <stdlib.h>
#include <string.h>

enum { blocks = 40, block = 1 << 20, page = 4096 };

static void *held[blocks];

// malloc puts sixteen bytes before a block that it maps, and maps whole pages.
static long heap(void) {
	for (int i = 0; i < blocks; i++) {
		if (!(held[i] = malloc(block))) abort();
		memset(held[i], 1, block);
	}
	return (long)blocks * (block + page);
}
*/
import "C"

import (
	"bufio"
	"encoding/json"
	"io"
	"io/ioutil"
	"os"
	"runtime"
	"runtime/debug"
)

const released = 48 << 20

var (
	keep [][]byte
	wait = make(chan bool)
)

func main() {
	in := bufio.NewReader(os.Stdin)
	if _, err := in.ReadString('\n'); err != nil {
		return
	}
	// The goroutines come first, so that they do not take what is released.
	parts := map[string]int{"goroutine-leak": goroutines(15000)}
	for i := 0; i < released>>20; i++ {
		b := make([]byte, 1<<20)
		for at := 0; at < len(b); at += 4096 {
			b[at] = 1
		}
		keep = append(keep, b)
	}
	keep = nil
	debug.FreeOSMemory()
	parts["madv-free"] = released
	parts["cgo-heap"] = int(C.heap())
	say(parts)
	io.Copy(ioutil.Discard, in)
}

// goroutines starts them, and counts their stacks and records.
func goroutines(n int) int {
	before := used()
	started := make(chan bool)
	for i := 0; i < n; i++ {
		go func() {
			started <- true
			<-wait
		}()
		<-started
	}
	return used() - before
}

func used() int {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int(m.StackInuse + m.HeapAlloc)
}

func say(parts map[string]int) {
	total := 0
	for _, bytes := range parts {
		total += bytes
	}
	json.NewEncoder(os.Stdout).Encode(map[string]interface{}{"made": total, "parts": parts})
}
