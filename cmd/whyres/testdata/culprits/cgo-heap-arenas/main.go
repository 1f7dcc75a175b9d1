// Command cgo-heap-arenas has 24 C threads, one after the other, take 2.5 MiB
// and free nearly all of it. Each has an arena of its own, so that none can use
// what is free in those before; with one arena all use the same memory.
package main

/*
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { threads = 24, blocks = 13653, size = 184, chunk = 192 };

static pthread_barrier_t ready;
static void *held[blocks]; // of one thread at a time

static void *body(void *unused) {
	for (int i = 0; i < blocks; i++) {
		if (!(held[i] = malloc(size))) abort();
		memset(held[i], 1, size);
	}
	for (int i = 0; i < blocks - 1; i++) free(held[i]);
	pthread_barrier_wait(&ready);
	for (;;) pause(); // a thread that ends leaves its arena to the next
}

static long fill(void) {
	pthread_barrier_init(&ready, 0, 2);
	for (int i = 0; i < threads; i++) {
		pthread_t t;
		if (pthread_create(&t, 0, body, 0)) abort();
		pthread_barrier_wait(&ready);
	}
	return (long)threads * blocks * chunk;
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
	fmt.Printf("{\"made\": %d}\n", C.fill())
	io.Copy(ioutil.Discard, in)
}
