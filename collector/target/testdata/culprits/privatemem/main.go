// Command privatemem writes to a private mapping of a memfd, and reads another
// part of it: only that is shared memory.
package main

import (
	"golang.org/x/sys/unix"

	"whyres/collector/target/testdata/culprits/held"
)

const (
	written = 16 << 20
	only    = 8 << 20 // read
)

func main() { held.Run(hold) }

func hold() (map[string]int, error) {
	fd, err := unix.MemfdCreate("culprit", 0)
	if err != nil {
		return nil, err
	}
	page := make([]byte, held.Page)
	for at := int64(0); at < written+only; at += int64(len(page)) {
		if _, err := unix.Pwrite(fd, page, at); err != nil {
			return nil, err
		}
	}
	b, err := unix.Mmap(fd, 0, written+only, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_PRIVATE)
	if err != nil {
		return nil, err
	}
	held.Touch(b[:written])
	sum := 0
	for at := written; at < len(b); at += held.Page {
		sum += int(b[at])
	}
	return map[string]int{"offheap.mmap": written, "shmem": only + sum}, nil
}
