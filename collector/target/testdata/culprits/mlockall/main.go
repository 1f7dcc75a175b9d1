// Command mlockall locks its memory, and then drops some: the runtime cannot
// give it back, and counts it as released all the same.
package main

import (
	"fmt"
	"runtime"
	"runtime/debug"

	"golang.org/x/sys/unix"

	"whyres/collector/target/testdata/culprits/held"
)

var keep [][]byte

func main() {
	if err := unix.Mlockall(unix.MCL_CURRENT | unix.MCL_FUTURE); err != nil {
		fmt.Println(err)
		return
	}
	debug.FreeOSMemory()
	held.Run(hold)
}

// All that is released stays resident: by how much that grows.
func hold() (map[string]int, error) {
	before := released()
	for range 64 {
		keep = append(keep, held.Touch(make([]byte, 1<<20)))
	}
	keep = nil
	runtime.GC()
	debug.FreeOSMemory()
	debug.FreeOSMemory()
	return map[string]int{"heap.released_resident.locked": released() - before}, nil
}

func released() int {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int(m.HeapReleased)
}
