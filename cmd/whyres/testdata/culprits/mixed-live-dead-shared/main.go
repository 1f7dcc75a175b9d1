// Command mixed-live-dead-shared holds live objects, stacks and records of
// goroutines that have ended, and shared memory.
package main

import (
	"bufio"
	"encoding/json"
	"io"
	"io/ioutil"
	"os"
	"runtime"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"syscall"
)

const size = 40 << 20

var keep [][]byte

func main() {
	in := bufio.NewReader(os.Stdin)
	if _, err := in.ReadString('\n'); err != nil {
		return
	}
	for i := 0; i < size>>20; i++ {
		b := make([]byte, 1<<20)
		written(b)
		keep = append(keep, b)
	}
	// The records come before the last GC, the stacks after it.
	before := collected()
	end(8000)
	records := collected()
	debug.SetGCPercent(1000) // the next one is far off
	end(8000)
	var after runtime.MemStats
	runtime.ReadMemStats(&after)
	dead := int(records.HeapAlloc - before.HeapAlloc + after.StackInuse - records.StackInuse)
	data, err := syscall.Mmap(-1, 0, size, syscall.PROT_READ|syscall.PROT_WRITE, syscall.MAP_ANON|syscall.MAP_SHARED)
	if err != nil {
		panic(err)
	}
	written(data)
	say(map[string]int{"live-heap": size, "dead-goroutines": dead, "shared-memory": size})
	io.Copy(ioutil.Discard, in)
	runtime.KeepAlive(keep)
}

// end starts goroutines that are all alive at once, and waits for their end. They
// wait for each other without anything that is allocated.
func end(n int32) {
	var alive int32
	var ended sync.WaitGroup
	ended.Add(int(n))
	for i := int32(0); i < n; i++ {
		go func() {
			atomic.AddInt32(&alive, 1)
			for atomic.LoadInt32(&alive) < n {
				runtime.Gosched()
			}
			ended.Done()
		}()
	}
	ended.Wait()
}

func collected() (m runtime.MemStats) {
	runtime.GC()
	runtime.ReadMemStats(&m)
	return m
}

func written(data []byte) {
	for at := 0; at < len(data); at += 4096 {
		data[at] = 1
	}
}

func say(parts map[string]int) {
	total := 0
	for _, bytes := range parts {
		total += bytes
	}
	json.NewEncoder(os.Stdout).Encode(map[string]interface{}{"made": total, "parts": parts})
}
