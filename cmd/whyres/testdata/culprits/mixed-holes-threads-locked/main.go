// Command mixed-holes-threads-locked holds holes between objects, stacks of C's
// threads, and memory that was locked when Go released it.
package main

/*
#define _GNU_SOURCE
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <sys/mman.h>

enum { threads = 240, touched = 128 << 10 };

static pthread_barrier_t ready;
static long resident;

// Each thread counts its own stack, by mincore.
static void *body(void *unused) {
	volatile char used[touched];
	memset((void *)used, 1, sizeof used);
	pthread_attr_t attr;
	void *start;
	size_t size;
	unsigned char vec[4096];
	if (pthread_getattr_np(pthread_self(), &attr)) abort();
	pthread_attr_getstack(&attr, &start, &size);
	pthread_attr_destroy(&attr);
	if (size >> 12 > sizeof vec || mincore(start, size, vec)) abort();
	long pages = 0;
	for (size_t i = 0; i < size >> 12; i++) pages += vec[i] & 1;
	__atomic_add_fetch(&resident, pages << 12, __ATOMIC_SEQ_CST);
	pthread_barrier_wait(&ready);
	for (;;) pause();
}

static long stacks(void) {
	pthread_barrier_init(&ready, 0, threads + 1);
	for (int i = 0; i < threads; i++) {
		pthread_t t;
		if (pthread_create(&t, 0, body, 0)) abort();
	}
	pthread_barrier_wait(&ready);
	return resident;
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
	"syscall"
)

const (
	dropped = 40 << 20
	objects = 40 << 10 // of a KiB: eight fill a span
)

type object [1 << 10]byte

var (
	large []byte
	all   []*object
)

func main() {
	in := bufio.NewReader(os.Stdin)
	if _, err := in.ReadString('\n'); err != nil {
		return
	}
	fragment()
	lock()
	debug.FreeOSMemory()
	debug.FreeOSMemory()
	say(map[string]int{"fragmentation": holes(), "locked-memory": dropped, "thread-stacks": int(C.stacks())})
	io.Copy(ioutil.Discard, in)
	runtime.KeepAlive(all)
}

// fragment leaves every eighth of the objects.
func fragment() {
	all = make([]*object, objects)
	for i := range all {
		all[i] = new(object)
		all[i][0] = 1
	}
	kept := make([]*object, 0, objects/8)
	for i := 0; i < objects; i += 8 {
		kept = append(kept, all[i])
	}
	all = kept
}

// lock locks a large object and drops it.
func lock() {
	large = make([]byte, dropped)
	if err := syscall.Mlock(large); err != nil {
		panic(err)
	}
	large = nil
}

// holes are what spans in use have beside objects.
func holes() int {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int(m.HeapInuse - m.HeapAlloc)
}

func say(parts map[string]int) {
	total := 0
	for _, bytes := range parts {
		total += bytes
	}
	json.NewEncoder(os.Stdout).Encode(map[string]interface{}{"made": total, "parts": parts})
}
