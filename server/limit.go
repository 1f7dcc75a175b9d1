package server

import (
	"strconv"
	"syscall"
)

// raiseOpenFiles raises the soft limit of open files to the hard one, as Go does
// itself since 1.19 (os/rlimit.go): a server that an older Go has built is to
// hold as many clients. Where that fails, accept says so when it matters.
func raiseOpenFiles() {
	var limit syscall.Rlimit
	if syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit) == nil && limit.Cur < limit.Max {
		limit.Cur = limit.Max
		_ = syscall.Setrlimit(syscall.RLIMIT_NOFILE, &limit)
	}
}

// openFilesLimit is RLIMIT_NOFILE in words, or empty if it cannot be read.
func openFilesLimit() string {
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
		return ""
	}
	return " (now " + strconv.FormatUint(limit.Cur, 10) + ")"
}
