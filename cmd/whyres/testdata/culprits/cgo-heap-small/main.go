// Command cgo-heap-small has C take 64 MiB in small blocks and free nearly all:
// the last one, at the end of malloc's heap, keeps the rest from going back.
// With "trim" it has malloc give them back.
package main

/*
#include <malloc.h>
#include <stdlib.h>
#include <string.h>

enum { blocks = 349525, size = 184, chunk = 192 };

static void *held[blocks];

static long fill(void) {
	for (int i = 0; i < blocks; i++) {
		if (!(held[i] = malloc(size))) abort();
		memset(held[i], 1, size);
	}
	for (int i = 0; i < blocks - 1; i++) free(held[i]);
	return (long)blocks * chunk;
}

static void trim(void) { malloc_trim(0); }
*/
import "C"

import (
	"bufio"
	"fmt"
	"io"
	"io/ioutil"
	"os"
)

func main() {
	in := bufio.NewReader(os.Stdin)
	if _, err := in.ReadString('\n'); err != nil {
		return
	}
	made := C.fill()
	if len(os.Args) > 1 && os.Args[1] == "trim" {
		C.trim()
	}
	fmt.Printf("{\"made\": %d}\n", made)
	io.Copy(ioutil.Discard, in)
}
