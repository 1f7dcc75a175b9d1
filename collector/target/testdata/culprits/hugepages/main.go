// Command hugepages gives memory back, one page in each two MiB excepted, and
// has the kernel make huge pages of it again.
package main

import (
	"fmt"
	"runtime"
	"runtime/debug"

	"golang.org/x/sys/unix"

	"whyres/collector/target/testdata/culprits/held"
)

const (
	huge     = 2 << 20
	block    = 64 << 10
	collapse = 25 // MADV_COLLAPSE, Linux 6.1+
)

var keep [][]byte

func main() { held.Run(hold) }

func hold() (map[string]int, error) {
	var all [][]byte
	for range 64 << 20 / block {
		all = append(all, held.Touch(make([]byte, block)))
	}
	regions := map[uintptr][][]byte{}
	for _, b := range all {
		region := held.At(b) / huge * huge
		regions[region] = append(regions[region], b)
	}
	dropped, kept := map[uintptr]bool{}, map[uintptr]bool{}
	for region, blocks := range regions {
		full := len(blocks) >= huge/block-1 // the last may begin in this one and end in the next
		for i, b := range blocks {
			if full && i == 1 { // it lies within, wherever the heap begins
				keep, kept[region] = append(keep, b), true
			} else {
				dropped[held.At(b)] = true
			}
		}
	}
	regions = nil
	all = nil
	runtime.GC()
	debug.FreeOSMemory()
	for at := range kept {
		_, _, errno := unix.Syscall(unix.SYS_MADVISE, at, huge, collapse)
		if errno != 0 {
			return nil, fmt.Errorf("MADV_COLLAPSE at %x: %w", at, errno)
		}
	}
	bytes := 0
	for at := range dropped {
		n, err := held.Resident(at, block)
		if err != nil {
			return nil, err
		}
		bytes += n
	}
	return map[string]int{"heap.released_resident.huge": bytes}, nil
}
