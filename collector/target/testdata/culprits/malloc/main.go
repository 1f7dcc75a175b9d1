// Command malloc holds C memory: many small blocks, large ones that malloc maps
// one by one, or small ones of threads' own arenas.
package main

/*
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

static int blocks(long n, size_t size) {
	for (long i = 0; i < n; i++) {
		void *p = malloc(size);
		if (!p) return 1;
		memset(p, 1, size);
	}
	return 0;
}

static void *in_thread(void *n) { return (void *)(long)blocks((long)n, 184); }

static int in_threads(int threads, long n) {
	pthread_t t[64];
	for (int i = 0; i < threads; i++) if (pthread_create(&t[i], 0, in_thread, (void *)n)) return 1;
	for (int i = 0; i < threads; i++) if (pthread_join(t[i], 0)) return 1;
	return 0;
}
*/
import "C"

import (
	"errors"
	"os"

	"whyres/collector/target/testdata/culprits/held"
)

func main() { held.Run(hold) }

// glibc's chunk: eight bytes before it, multiples of sixteen; one that is mapped
// has sixteen, and whole pages.
func hold() (map[string]int, error) {
	bytes, failed := 0, C.int(0)
	switch os.Args[1] {
	case "small":
		const n = 100_000
		failed = C.blocks(n, 184)
		bytes = n * 192
	case "large":
		for _, b := range []struct{ n, size int }{{16, 1 << 20}, {40, 200 << 10}, {3, 3<<20 + 12345}} {
			failed |= C.blocks(C.long(b.n), C.size_t(b.size))
			bytes += b.n * held.Round(b.size+16)
		}
	case "threads":
		const threads, n = 4, 40_000
		failed = C.in_threads(threads, n)
		bytes = threads * n * 192
	}
	if failed != 0 {
		return nil, errors.New("C is out of memory or threads")
	}
	return map[string]int{"cgo.heap": bytes}, nil
}
