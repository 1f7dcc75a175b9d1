// Command thread-stacks has 500 goroutines block in C at once, each on a thread of
// its own, after C has used 128 KiB of the thread's stack. "bounded" lets 16 of
// them in.
package main

/*
#define _GNU_SOURCE
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <sys/mman.h>

enum { touched = 128 << 10 };

// Each thread counts its own stack, by mincore.
static long use(void) {
	volatile char used[touched];
	memset((void *)used, 1, sizeof used);
	pthread_attr_t attr;
	void *start;
	size_t size, guard;
	unsigned char vec[4096];
	if (pthread_getattr_np(pthread_self(), &attr)) abort();
	pthread_attr_getstack(&attr, &start, &size);
	pthread_attr_destroy(&attr);
	if (size >> 12 > sizeof vec || mincore(start, size, vec)) abort();
	long pages = 0;
	for (size_t i = 0; i < size >> 12; i++) pages += vec[i] & 1;
	return pages << 12;
}

static long resident;
static int blocked;

static void block(void) {
	__atomic_add_fetch(&resident, use(), __ATOMIC_SEQ_CST);
	__atomic_add_fetch(&blocked, 1, __ATOMIC_SEQ_CST);
	for (;;) pause();
}

static int count(void) { return __atomic_load_n(&blocked, __ATOMIC_SEQ_CST); }
static long made(void) { return __atomic_load_n(&resident, __ATOMIC_SEQ_CST); }
*/
import "C"

import (
	"bufio"
	"fmt"
	"io"
	"io/ioutil"
	"os"
	"runtime"
	"time"
)

// The main thread, whose stack grows as it is used, is left to main.
func init() { runtime.LockOSThread() }

func main() {
	in := bufio.NewReader(os.Stdin)
	if _, err := in.ReadString('\n'); err != nil {
		return
	}
	calls := 500
	if len(os.Args) > 1 && os.Args[1] == "bounded" {
		calls = 16
	}
	for i := 0; i < calls; i++ {
		go C.block()
	}
	for int(C.count()) < calls {
		time.Sleep(time.Millisecond)
	}
	fmt.Printf("{\"made\": %d}\n", C.made())
	io.Copy(ioutil.Discard, in)
}
