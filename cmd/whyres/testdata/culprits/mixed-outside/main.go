// Command mixed-outside holds memory of four kinds that are not Go's: C's blocks,
// a memfd, a mapped file and stacks of threads; and memory mapped by Go code.
package main

/*
#define _GNU_SOURCE
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <sys/mman.h>

enum { blocks = 24, block = 1 << 20, page = 4096, threads = 160, touched = 128 << 10 };

static void *held[blocks];

// malloc puts sixteen bytes before a block that it maps, and maps whole pages.
static long heap(void) {
	for (int i = 0; i < blocks; i++) {
		if (!(held[i] = malloc(block))) abort();
		memset(held[i], 1, block);
	}
	return (long)blocks * (block + page);
}

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
	"syscall"
	"unsafe"
)

const size = 24 << 20

func main() {
	in := bufio.NewReader(os.Stdin)
	if _, err := in.ReadString('\n'); err != nil {
		return
	}
	parts := map[string]int{
		"cgo-heap": int(C.heap()), "thread-stacks": int(C.stacks()),
		"shared-memory": size, "offheap-mmap": size, "file-mappings": size,
	}
	writeAll(mapped(memfd("culprit\x00"), syscall.PROT_READ|syscall.PROT_WRITE, syscall.MAP_SHARED))
	writeAll(mapped(-1, syscall.PROT_READ|syscall.PROT_WRITE, syscall.MAP_ANON|syscall.MAP_PRIVATE))
	readAll(mapped(file(), syscall.PROT_READ, syscall.MAP_SHARED))
	say(parts)
	io.Copy(ioutil.Discard, in)
}

func say(parts map[string]int) {
	total := 0
	for _, bytes := range parts {
		total += bytes
	}
	json.NewEncoder(os.Stdout).Encode(map[string]interface{}{"made": total, "parts": parts})
}

func mapped(fd, prot, flags int) []byte {
	data, err := syscall.Mmap(fd, 0, size, prot, flags)
	if err != nil {
		panic(err)
	}
	return data
}

func writeAll(data []byte) {
	for at := 0; at < len(data); at += 4096 {
		data[at] = 1
	}
}

func readAll(data []byte) {
	sum := 0
	for at := 0; at < len(data); at += 4096 {
		sum += int(data[at])
	}
	if sum != 0 {
		panic("the file is not as it was written")
	}
}

// memfd: package syscall has not got it. The name ends with a zero.
func memfd(name string) int {
	call := map[string]uintptr{"amd64": 319, "arm64": 279}[runtime.GOARCH]
	text := []byte(name)
	fd, _, errno := syscall.Syscall(call, uintptr(unsafe.Pointer(&text[0])), 0, 0)
	if errno != 0 {
		panic(errno)
	}
	if err := syscall.Ftruncate(int(fd), size); err != nil {
		panic(err)
	}
	return int(fd)
}

// file makes one that goes with the process: not in /tmp, which may be in memory.
func file() int {
	f, err := ioutil.TempFile("/var/tmp", "culprit")
	if err != nil {
		panic(err)
	}
	if err := os.Remove(f.Name()); err != nil {
		panic(err)
	}
	if _, err := f.Write(make([]byte, size)); err != nil {
		panic(err)
	}
	fd, err := syscall.Dup(int(f.Fd()))
	if err != nil {
		panic(err)
	}
	return fd
}
