package goruntime

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"whyres/collector/mem"
)

// TestThreadStacks: the kernel's word on where each thread's stack pointer is
// lies in one of the stacks that are told. A Go thread that waits within Go is
// on g0, and so is one in C.
func TestThreadStacks(t *testing.T) {
	if _, err := exec.LookPath("gcc"); err != nil {
		t.Skip("cgo needs gcc")
	}
	src, err := os.ReadFile(filepath.Join("testdata", "cthreads", "main.go"))
	if err != nil {
		t.Fatal(err)
	}
	for _, toolchain := range toolchains(t) {
		program := buildProgram(t, toolchain, string(src))
		t.Run(toolchain, func(t *testing.T) {
			t.Parallel()
			c := startTarget(t, program)
			target, err := Open("/proc", c.pid)
			if err != nil {
				t.Fatal(err)
			}
			h, err := target.Walk(WalkOptions{Resident: pagemapKinds(t, c.pid)})
			if err != nil {
				t.Fatal(err)
			}
			checkSums(t, h)
			found := 0
			for _, sp := range stackPointers(t, c.pid) {
				for _, r := range h.ThreadStacks {
					if r.Contains(sp) {
						found++
					}
				}
			}
			if want := int(c.said["Threads"]); found < want || len(h.ThreadStacks) < want {
				t.Errorf("%d stack pointers in %d stacks, want %d: %v", found, len(h.ThreadStacks), want, h.ThreadStacks)
			}
		})
	}
}

// stackPointers reads /proc/PID/task/TID/syscall of the threads that wait in a
// system call: its number, six arguments, stack pointer and program counter.
func stackPointers(t *testing.T, pid int) (sps []mem.Addr) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join("/proc", itoa(pid), "task", "*", "syscall"))
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		b, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		words := strings.Fields(string(b))
		var sp uint64
		if len(words) != 9 {
			continue // it runs
		}
		if _, err := fmt.Sscanf(words[7], "0x%x", &sp); err != nil {
			t.Fatal(err)
		}
		sps = append(sps, mem.Addr(sp))
	}
	return sps
}
