// Command sharedmem holds shared memory, with and without a name.
package main

import (
	"golang.org/x/sys/unix"

	"whyres/collector/target/testdata/culprits/held"
)

const size = 16 << 20

func main() { held.Run(hold) }

func hold() (map[string]int, error) {
	unnamed, err := unix.Mmap(-1, 0, size, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_SHARED|unix.MAP_ANON)
	if err != nil {
		return nil, err
	}
	held.Touch(unnamed)
	fd, err := unix.MemfdCreate("culprit", 0)
	if err != nil {
		return nil, err
	}
	if err := unix.Ftruncate(fd, size); err != nil {
		return nil, err
	}
	named, err := unix.Mmap(fd, 0, size, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_SHARED)
	if err != nil {
		return nil, err
	}
	held.Touch(named)
	return map[string]int{"shmem": 2 * size}, nil
}
