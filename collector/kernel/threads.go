package kernel

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"

	"whyres/collector/mem"
)

const (
	// maxThreads bounds how many threads are asked: some 10 µs each.
	maxThreads = 1 << 13
	// syscallLine is more than the kernel writes: nine numbers.
	syscallLine = 256
)

// ThreadStacks are the user stack pointers of the process's threads, from
// /proc/PID/task/TID/syscall (fs/proc/base.c, proc_pid_syscall), in no order. A
// thread that runs at that moment has none to tell, nor has one that ends
// meanwhile; of many threads the first 8192 are asked. ErrNoPermission where
// the kernel does not show it: it wants the right to trace the process.
func (p *Process) ThreadStacks() ([]mem.Addr, error) {
	tasks, err := p.open("task")
	if err != nil {
		return nil, err
	}
	defer tasks.Close() //nolint:errcheck // only read
	names, err := tasks.Readdirnames(maxThreads)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, problem(p.path("task"), err)
	}
	out := make([]mem.Addr, 0, len(names))
	var refused error
	for _, name := range names {
		sp, err := p.stackPointer(name)
		switch {
		case err == nil && sp != 0:
			out = append(out, sp)
		case errors.Is(err, ErrNoPermission):
			refused = err
		}
	}
	if len(out) == 0 && refused != nil {
		return nil, refused
	}
	return out, nil
}

// stackPointer asks one thread; 0 if it runs.
func (p *Process) stackPointer(tid string) (mem.Addr, error) {
	if _, err := strconv.ParseUint(tid, 10, 32); err != nil {
		return 0, fmt.Errorf("%s: %q is no thread", p.path("task"), tid)
	}
	f, err := p.open(filepath.Join("task", tid, "syscall"))
	if err != nil {
		return 0, err
	}
	defer f.Close() //nolint:errcheck // only read
	line := make([]byte, syscallLine)
	n, err := f.Read(line)
	if err != nil && !errors.Is(err, io.EOF) {
		return 0, problem(p.path(filepath.Join("task", tid, "syscall")), err)
	}
	return parseStackPointer(line[:n])
}

// parseStackPointer reads "nr arg0 ... arg5 sp pc" of a thread in a system call,
// "-1 sp pc" of one blocked elsewhere, or "running".
func parseStackPointer(line []byte) (mem.Addr, error) {
	words := bytes.Fields(line)
	if len(words) < 3 {
		return 0, nil
	}
	digits, isHex := bytes.CutPrefix(words[len(words)-2], []byte("0x"))
	if !isHex {
		return 0, fmt.Errorf("a thread's call %q: want a stack pointer", clip(line))
	}
	return parseAddr(digits)
}

// glibcStack is what glibc gives a thread where RLIMIT_STACK is unlimited
// (ARCH_STACK_DEFAULT_SIZE).
const glibcStack = 2 << 20

// StackLimit is the size of the stack that the C library gives a thread unless
// told otherwise: the soft RLIMIT_STACK of /proc/PID/limits as it is now, whole
// pages. The process may have begun with another limit.
func (p *Process) StackLimit() (uint64, error) {
	f, err := p.open("limits")
	if err != nil {
		return 0, err
	}
	defer f.Close() //nolint:errcheck // only read
	size, err := parseStackLimit(f)
	if err != nil {
		return 0, problem(p.path("limits"), err)
	}
	return size, nil
}

// parseStackLimit finds "Max stack size  SOFT  HARD  bytes" (fs/proc/base.c,
// proc_pid_limits).
func parseStackLimit(r io.Reader) (uint64, error) {
	lines := lineReader{r: bufio.NewReaderSize(r, lineBuffer)}
	for {
		line, err := lines.next()
		if err != nil {
			return 0, fmt.Errorf("no stack size: %w", err)
		}
		value, found := bytes.CutPrefix(line, []byte("Max stack size"))
		if !found {
			continue
		}
		soft := firstField(bytes.TrimLeft(value, " "))
		if string(soft) == "unlimited" {
			return glibcStack, nil
		}
		n, err := parseUint(soft)
		page := uint64(os.Getpagesize())
		return n &^ (page - 1), err
	}
}
