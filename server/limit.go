package server

import (
	"strconv"
	"syscall"
)

// openFilesLimit is RLIMIT_NOFILE in words, or empty if it cannot be read. Go
// has raised the soft limit to the hard one at start-up (os/rlimit.go).
func openFilesLimit() string {
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
		return ""
	}
	return " (now " + strconv.FormatUint(limit.Cur, 10) + ")"
}
