package settings

import (
	"os"

	"golang.org/x/sys/unix"
)

// Busy reports whether a guardian of another whyres has settings below the folder
// changed at this moment. Where the folder cannot be looked at it says no.
func Busy(path string) bool {
	dir, err := os.Open(path)
	if err != nil {
		return false
	}
	defer func() { _ = dir.Close() }() // which gives the lock up
	return unix.Flock(int(dir.Fd()), unix.LOCK_SH|unix.LOCK_NB) == unix.EWOULDBLOCK
}
