// Command cgo-heap-large has C hold 62 blocks of a MiB each, which malloc maps
// one by one. With "free" it frees them.
package main

/*
#include <stdlib.h>
#include <string.h>

enum { blocks = 62, size = 1 << 20, page = 4096 };

static void *held[blocks];

// malloc puts sixteen bytes before a block that it maps, and maps whole pages.
static long fill(void) {
	for (int i = 0; i < blocks; i++) {
		if (!(held[i] = malloc(size))) abort();
		memset(held[i], 1, size);
	}
	return (long)blocks * (size + page);
}

static void empty(void) {
	for (int i = 0; i < blocks; i++) free(held[i]);
}
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
	if len(os.Args) > 1 && os.Args[1] == "free" {
		C.empty()
	}
	fmt.Printf("{\"made\": %d}\n", made)
	io.Copy(ioutil.Discard, in)
}
