// Command limit-excludes-native runs in a control group of its own that may have
// 160 MiB, with GOMEMLIMIT=128MiB, and maps 96 MiB outside of Go's heap.
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

const (
	group   = 160 << 20
	outside = 96 << 20
	goLimit = 128 << 20 // GOMEMLIMIT
)

func main() {
	if len(os.Args) == 3 {
		remove(os.Args[2])
		return
	}
	in := bufio.NewReader(os.Stdin)
	if _, err := in.ReadString('\n'); err != nil {
		return
	}
	dir, err := newGroup()
	check(err)
	check(limitGroup(dir))
	b, err := syscall.Mmap(-1, 0, outside, syscall.PROT_READ|syscall.PROT_WRITE, syscall.MAP_ANON|syscall.MAP_PRIVATE)
	check(err)
	for at := 0; at < len(b); at += 4096 {
		b[at] = 1
	}
	fmt.Printf("{\"made\": %d}\n", goLimit+outside-group)
	io.Copy(io.Discard, in)
}

func limitGroup(dir string) error {
	for _, name := range []string{"memory.max", "memory.limit_in_bytes"} {
		name = filepath.Join(dir, name)
		if _, err := os.Stat(name); err == nil {
			return os.WriteFile(name, []byte(fmt.Sprint(group)), 0)
		}
	}
	return fmt.Errorf("%s: no memory controller", dir)
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
