package main

import (
	"fmt"
	"os"
	"path/filepath"
	"syscall"
)

// lockCache keeps a second run out of the folder: they would write each other's logs and
// results. The lock goes with the file, at the latest when the process ends.
func lockCache(dir string) (*os.File, error) {
	f, err := os.OpenFile(filepath.Join(dir, "lock"), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, err
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		_ = f.Close()
		return nil, fmt.Errorf("another run has its kernels and logs in %s: wait for it, or name another folder with -cache (%w)", dir, err)
	}
	return f, nil
}
