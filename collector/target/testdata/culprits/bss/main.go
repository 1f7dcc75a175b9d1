// Command bss maps 100 MiB, then loads a library with 8 MiB of zeroed variables:
// the kernel puts these right below, and joins the two.
package main

/*
#cgo LDFLAGS: -ldl
#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

enum { mapped = 100 << 20, zeroes = 8 << 20 };

static int hold(const char *path) {
	char *p = mmap(0, mapped, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (p == MAP_FAILED) return 0;
	memset(p, 1, mapped);
	void *lib = dlopen(path, RTLD_NOW);
	char *z = lib ? dlsym(lib, "zeroes") : 0;
	if (!z) return 0;
	memset(z, 1, zeroes);
	return 1;
}
*/
import "C"

import (
	"errors"
	"os"

	"whyres/collector/target/testdata/culprits/held"
)

func main() { held.Run(hold) }

func hold() (map[string]int, error) {
	if C.hold(C.CString(os.Args[1])) == 0 {
		return nil, errors.New("no memory, or no library")
	}
	return map[string]int{"offheap.mmap": C.mapped, "file.mapped": C.zeroes}, nil
}
