// Command cthreads holds 500 threads of C's, each with some of its stack in use,
// and those with stacks of another size than usual among them.
package main

/*
#define _GNU_SOURCE
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <sys/mman.h>

enum { touched = 48 << 10 };

static pthread_barrier_t ready;
static long resident;

// Each thread counts its own stack, by mincore.
static void *body(void *arg) {
	volatile char used[touched];
	memset((void *)used, 1, sizeof used);
	pthread_attr_t attr;
	void *start;
	size_t size, guard;
	static __thread unsigned char vec[4096];
	memset(vec, 1, sizeof vec);
	pthread_getattr_np(pthread_self(), &attr);
	pthread_attr_getstack(&attr, &start, &size);
	pthread_attr_destroy(&attr);
	if (mincore(start, size, vec)) abort();
	long n = 0;
	for (size_t i = 0; i < size >> 12; i++) n += vec[i] & 1;
	__atomic_add_fetch(&resident, n << 12, __ATOMIC_SEQ_CST);
	pthread_barrier_wait(&ready);
	for (;;) {
		pause();
		__asm__ volatile("" : : "r"(used) : "memory"); // in use all the time
	}
}

static long threads(int n) {
	pthread_attr_t small;
	pthread_attr_init(&small);
	pthread_attr_setstacksize(&small, 256 << 10);
	pthread_barrier_init(&ready, 0, n + 1);
	for (int i = 0; i < n; i++) {
		pthread_t t;
		if (pthread_create(&t, i % 5 ? 0 : &small, body, 0)) abort();
	}
	pthread_barrier_wait(&ready);
	return resident;
}
*/
import "C"

import "whyres/collector/target/testdata/culprits/held"

func main() {
	held.Run(func() (map[string]int, error) {
		return map[string]int{"threads": int(C.threads(500))}, nil
	})
}
