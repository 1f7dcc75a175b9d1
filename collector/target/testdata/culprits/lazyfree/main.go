// Command lazyfree drops memory under GODEBUG=madvdontneed=0: the runtime gives
// it back by MADV_FREE.
package main

import (
	"runtime"
	"runtime/debug"

	"whyres/collector/target/testdata/culprits/held"
)

var keep [][]byte

func main() { held.Run(hold) }

func hold() (map[string]int, error) {
	type block struct {
		at  uintptr
		len int
	}
	var blocks []block
	for range 64 {
		b := held.Touch(make([]byte, 1<<20))
		keep = append(keep, b)
		blocks = append(blocks, block{held.At(b), len(b)})
	}
	keep = nil
	runtime.GC()
	debug.FreeOSMemory()
	bytes := 0
	for _, b := range blocks {
		n, err := held.Resident(b.at, b.len)
		if err != nil {
			return nil, err
		}
		bytes += n
	}
	return map[string]int{"heap.released_resident.lazyfree": bytes}, nil
}
