// Command goheap holds Go memory of each kind: live and dead objects, holes
// between objects, free memory, stacks. Its own runtime.MemStats tell how much.
package main

import (
	"runtime"
	"runtime/debug"
	"sync"

	"whyres/collector/target/testdata/culprits/held"
)

var keep [][]byte

func main() {
	debug.SetGCPercent(400)
	held.Run(hold)
}

func hold() (map[string]int, error) {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	stacks(2000)
	for i := range 64 << 10 { // of eight objects in a span seven are dropped
		if b := held.Touch(make([]byte, 1<<10)); i%8 == 0 {
			keep = append(keep, b)
		}
	}
	for i := range 96 {
		if b := held.Touch(make([]byte, 1<<20)); i%3 == 0 {
			keep = append(keep, b) // the others become free memory
		}
	}
	runtime.GC()
	var live runtime.MemStats
	runtime.ReadMemStats(&live)
	for range 16 {
		_ = held.Touch(garbage())
	}
	runtime.ReadMemStats(&after)
	return map[string]int{
		"heap.live":          int(live.HeapAlloc),
		"heap.garbage":       int(after.HeapAlloc-live.HeapAlloc) - int(before.HeapAlloc),
		"heap.fragmentation": int(after.HeapInuse-after.HeapAlloc) - int(before.HeapInuse-before.HeapAlloc),
		"heap.idle":          int(after.HeapIdle-after.HeapReleased) - int(before.HeapIdle-before.HeapReleased),
		"stacks.inuse":       2000 * (16 << 10),
	}, nil
}

//go:noinline
func garbage() []byte { return make([]byte, 1<<20) }

// stacks starts goroutines that need 8 to 16 KiB of stack each.
func stacks(n int) {
	var there sync.WaitGroup
	there.Add(n)
	for range n {
		go func() {
			var deep [9 << 10]byte
			use(&deep)
			there.Done()
			select {}
		}()
	}
	there.Wait()
}

//go:noinline
func use(b *[9 << 10]byte) {
	for i := range b {
		b[i] = byte(i)
	}
}
