package causes

import (
	"fmt"
	"strings"

	"whyres/collector/ledger"
	"whyres/collector/mem"
)

// threadStacks: operating-system threads keep what they touched of their stacks.
func threadStacks() Cause {
	return Cause{
		ID: "thread-stacks",
		Page: Page{
			What: "stacks of operating-system threads, which keep every page that was ever touched",
			Mechanism: "In a cgo program each thread has a stack of C's, usually of 8 MiB of address space. C code touches as much of it as it needs, and what was touched stays resident for as long as the thread lives. " +
				"Go starts another thread whenever a goroutine blocks in a system call or in C and others want to run, and keeps those it does not need for later: it never ends them. " +
				"So one burst of calls that block leaves its threads, and their stacks, for good.",
			Proof: "Stacks are located by what the C library writes beside them or by the kernel's names, and counted page by page; the number of threads is the kernel's. " +
				"Less than 16 MiB, or than an eighth of RES, any program may need: that is told as possible. " +
				"Programs without cgo have their threads' stacks in Go's heap: they do not count here.",
			Remedy: []string{
				"bound how many goroutines are in C or in blocking system calls at once (a buffered channel as a semaphore): the others wait as goroutines, at a few KiB each",
				"runtime.LockOSThread in a goroutine that ends without unlocking: its thread ends with it (Go 1.10 and newer), at the price of a new thread for each",
				"debug.SetMaxThreads(n) as a guard: the program crashes rather than have more threads",
				"a restart: nothing else ends threads that are there and idle",
			},
			Versions: "Programs built with cgo, all Go releases up to now.",
			Sources: []string{
				"golang.org/issue/14592 (idle threads are never ended)", "golang.org/issue/71150 (stacks of cgo threads stay resident)",
				"golang.org/issue/20395 (a locked thread ends with its goroutine)", "runtime/debug.SetMaxThreads", "pthreads(7)",
			},
		},
		Find: findThreadStacks,
	}
}

func findThreadStacks(f *Facts) *Finding {
	takes := f.All(ledger.Threads)
	bytes := Total(takes)
	if bytes < modest {
		return nil
	}
	known := threadsKnown(f)
	found := &Finding{
		Confidence: Likely, Takes: takes,
		Says:     "are stacks of operating-system threads, which keep what they ever touched for as long as the thread lives",
		Evidence: []string{fmt.Sprintf("%s of stacks are located; the rest is told by its shape", bytesOf(known))},
		Remedy: []string{
			"bound how many goroutines are in C or in blocking system calls at once (a buffered channel as a semaphore)",
			"a restart ends the threads that are there: Go keeps idle ones for later and never ends them",
			"debug.SetMaxThreads(n) as a guard: the program crashes rather than have more",
		},
		Ask: []string{"a goroutine profile with debug=2 shows as \"syscall\" those that hold a thread now"},
	}
	if f.Process.GoVersion == "" {
		found.Remedy, found.Ask = []string{"fewer threads, or less use of their stacks (large local arrays, deep recursion): what was touched stays while a thread lives"}, nil
	}
	if nearlyAll(known, bytes) {
		found.Confidence = Proved
		found.Evidence = []string{fmt.Sprintf("%s of stacks are located, and counted page by page", bytesOf(known))}
	}
	found.Confidence = f.atMost(found.Confidence, bytes)
	if n := f.Sample.Threads; n > 0 {
		found.Says = fmt.Sprintf("are stacks of operating-system threads: %d threads with %s each on average, kept for as long as the thread lives", n, size(bytes/int64(n)))
		found.Evidence = append(found.Evidence, fmt.Sprintf("the kernel counts %d threads (Threads of status)", n))
	}
	return found
}

// threadsKnown is what of the stacks is located or named, resident bytes.
func threadsKnown(f *Facts) uint64 {
	known := ownedBy(f, mem.OwnerThread)
	for i := range f.Sample.VMAs {
		switch v := &f.Sample.VMAs[i]; {
		case isGoHeap(f, v):
		case v.Path == "[stack]", isThreadName(v.Path):
			known += unowned(v)
		}
	}
	return known
}

// isThreadName: glibc's and bionic's names of their threads' stacks.
func isThreadName(path string) bool {
	for _, prefix := range [...]string{"[anon: glibc: pthread stack: ", "[anon: glibc: pthread user stack: ", "[anon:stack_and_tls:"} {
		if strings.HasPrefix(path, prefix) {
			return true
		}
	}
	return false
}
