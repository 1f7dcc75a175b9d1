// Command mappedfile maps a file and reads all of it.
package main

import (
	"os"

	"golang.org/x/sys/unix"

	"whyres/collector/target/testdata/culprits/held"
)

const tmpfs = 0x01021994 // TMPFS_MAGIC

func main() { held.Run(hold) }

func hold() (map[string]int, error) {
	f, err := os.Create(os.Args[1])
	if err != nil {
		return nil, err
	}
	if _, err := f.Write(make([]byte, 32<<20)); err != nil {
		return nil, err
	}
	data, err := unix.Mmap(int(f.Fd()), 0, 32<<20, unix.PROT_READ, unix.MAP_SHARED|unix.MAP_POPULATE)
	if err != nil {
		return nil, err
	}
	var fs unix.Statfs_t
	if err := unix.Statfs(os.Args[1], &fs); err != nil {
		return nil, err
	}
	if fs.Type == tmpfs {
		return map[string]int{"shmem": len(data)}, nil
	}
	return map[string]int{"file.mapped": len(data)}, nil
}
