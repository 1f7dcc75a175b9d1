// Command container-metric moves itself to a control group of its own, writes a
// file of 128 MiB there and reads it: its page cache is charged to the group, and
// in no RES. With the argument "drop" it tells the kernel that it needs the cache
// no more.
package main

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

const cache = 128 << 20

func main() {
	if len(os.Args) == 3 {
		remove(os.Args[2])
		return
	}
	in := bufio.NewReader(os.Stdin)
	if _, err := in.ReadString('\n'); err != nil {
		return
	}
	_, err := newGroup()
	check(err)
	f, err := os.CreateTemp(".", "cache")
	check(err)
	check(os.Remove(f.Name()))
	piece := make([]byte, 1<<20)
	for i := 0; i < cache/len(piece); i++ {
		_, err := f.Write(piece)
		check(err)
	}
	check(f.Sync()) // what is dirty cannot be dropped
	for i := 0; i < cache/len(piece); i++ {
		_, err := f.ReadAt(piece, int64(i*len(piece)))
		check(err)
	}
	if len(os.Args) == 2 {
		const dontNeed = 4 // POSIX_FADV_DONTNEED
		if _, _, errno := syscall.Syscall6(syscall.SYS_FADVISE64, f.Fd(), 0, 0, dontNeed, 0, 0); errno != 0 {
			check(errno)
		}
	}
	fmt.Printf("{\"made\": %d}\n", cache)
	io.Copy(io.Discard, in)
	check(f.Close())
}

// newGroup makes a memory control group below that of the process (cgroup v1),
// or below the root (v2, where a group that has processes can have no groups
// with controllers below it), and moves the process there. A second process
// removes it when this one is gone.
func newGroup() (dir string, err error) {
	const v1 = "/sys/fs/cgroup/memory"
	parent, v2 := "/sys/fs/cgroup", true
	if text, err := os.ReadFile("/proc/self/cgroup"); err == nil {
		for _, line := range strings.Split(string(text), "\n") {
			if parts := strings.SplitN(line, ":", 3); len(parts) == 3 && parts[1] == "memory" {
				parent, v2 = filepath.Join(v1, parts[2]), false
			}
		}
	}
	if v2 { // it may be on already
		_ = os.WriteFile(filepath.Join(parent, "cgroup.subtree_control"), []byte("+memory"), 0)
	}
	dir = filepath.Join(parent, fmt.Sprintf("culprit-%d", os.Getpid()))
	if err := os.Mkdir(dir, 0o755); err != nil {
		return "", err
	}
	janitor := exec.Command("/proc/self/exe", "remove", dir)
	if _, err := janitor.StdinPipe(); err != nil {
		return "", err
	}
	if err := janitor.Start(); err != nil {
		return "", err
	}
	return dir, os.WriteFile(filepath.Join(dir, "cgroup.procs"), []byte(fmt.Sprint(os.Getpid())), 0)
}

// remove waits for the end of the process that made the group, and removes it.
func remove(dir string) {
	io.Copy(io.Discard, os.Stdin)
	for i := 0; i < 100 && os.Remove(dir) != nil; i++ {
		time.Sleep(50 * time.Millisecond)
	}
}

func check(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
