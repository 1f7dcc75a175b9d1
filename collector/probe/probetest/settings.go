package probetest

import (
	"errors"
	"io/fs"
	"os"
	"testing"

	"golang.org/x/sys/unix"
)

// HoldSettings keeps all other tests of this module, which go test runs as processes
// beside each other, from changing the settings of huge pages until the test ends. It
// waits for them. The lock is on another folder than that of whyres itself, which the
// test may start meanwhile.
func HoldSettings(t *testing.T) {
	t.Helper()
	dir, err := os.Open("/sys/kernel/mm/transparent_hugepage/khugepaged")
	if errors.Is(err, fs.ErrNotExist) {
		return // then there are no settings
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = dir.Close() })
	for {
		err := unix.Flock(int(dir.Fd()), unix.LOCK_EX)
		if err == nil {
			return
		}
		if !errors.Is(err, unix.EINTR) {
			t.Fatal(err)
		}
	}
}
