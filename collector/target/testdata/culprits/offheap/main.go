// Command offheap maps memory beside Go's heap, in pieces of several sizes that
// the kernel joins to each other and to the runtime's own.
package main

import (
	"syscall"

	"whyres/collector/target/testdata/culprits/held"
)

func main() { held.Run(hold) }

func hold() (map[string]int, error) {
	bytes := 0
	for _, piece := range []struct{ n, size int }{{1, 32 << 20}, {4, 4 << 20}, {64, 192 << 10}, {256, 16 << 10}} {
		for range piece.n {
			data, err := syscall.Mmap(-1, 0, piece.size, syscall.PROT_READ|syscall.PROT_WRITE, syscall.MAP_ANON|syscall.MAP_PRIVATE)
			if err != nil {
				return nil, err
			}
			held.Touch(data)
			bytes += piece.size
		}
	}
	return map[string]int{"offheap.mmap": bytes}, nil
}
