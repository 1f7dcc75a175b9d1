// Command sleeper is the Go process that discover's tests look at. It allocates
// KEEP MiB and drops DROP MiB, collects if there was anything to drop, says what
// it knows of itself as a line of JSON, and sleeps until standard input ends. For
// an f from there it calls debug.FreeOSMemory, for a t it touches what it
// dropped, though it is free; and it says its numbers anew.
package main

import (
	"encoding/json"
	"os"
	"runtime"
	"runtime/debug"
	"strconv"
	"syscall"
	"unsafe"
)

var (
	keep    [][]byte
	dropped []uintptr
)

func main() {
	keep = blocks("KEEP")
	for _, b := range blocks("DROP") {
		dropped = append(dropped, uintptr(unsafe.Pointer(&b[0])))
	}
	if dropped != nil {
		runtime.GC()
	}
	say()
	var order [1]byte
	for {
		if n, err := syscall.Read(0, order[:]); n <= 0 || err != nil {
			return
		}
		switch order[0] {
		case 'f':
			debug.FreeOSMemory()
		case 't':
			for _, at := range dropped {
				for i := uintptr(0); i < 1<<20; i += 4096 {
					*(*byte)(unsafe.Pointer(at + i)) = 0 //nolint:govet // what was dropped is to come back
				}
			}
		}
		say()
	}
}

// blocks are as many touched MiB as the variable says.
func blocks(name string) (all [][]byte) {
	n, _ := strconv.Atoi(os.Getenv(name))
	for range n {
		b := make([]byte, 1<<20)
		for i := 0; i < len(b); i += 4096 {
			b[i] = 1
		}
		all = append(all, b)
	}
	return all
}

func say() {
	var said runtime.MemStats
	runtime.ReadMemStats(&said)
	_ = json.NewEncoder(os.Stdout).Encode(map[string]uint64{"HeapSys": said.HeapSys, "NumGC": uint64(said.NumGC)})
}
