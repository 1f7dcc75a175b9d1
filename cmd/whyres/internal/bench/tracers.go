package main

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/asm"
	"github.com/cilium/ebpf/link"
)

// tracer is a way to watch a process.
type tracer struct {
	name    string
	missing string // why it cannot be measured here
	calls   int    // turns of a loop: fewer for the slow ones
	pause   time.Duration
	// attach begins to watch; detach ends it and says how many madvise calls
	// were reported (-1: it does not report any).
	attach func(pid int) (detach func() int, err error)
}

const untraced = "untraced"

func tracers(whyres string) []tracer {
	none := func(int) (func() int, error) { return func() int { return -1 }, nil }
	all := []tracer{
		{name: untraced, calls: 50_000, attach: none},
		{name: "empty raw tracepoints (the floor)", calls: 50_000, attach: attachEmpty},
		{name: "whyres", calls: 50_000, attach: command(`"call":"madvise"`, whyres, "trace", "--json", "-p")},
		{name: "whyres, by raw_tracepoint", calls: 50_000, attach: command(`"call":"madvise"`, whyres, "trace", "--json", "--attach=raw_tracepoint", "-p")},
		{name: "whyres --allocator, by raw_tracepoint", calls: 50_000, attach: command(`"call":"madvise"`, whyres, "trace", "--json", "--allocator", "--attach=raw_tracepoint", "-p")},
		{name: "bpftrace", calls: 20_000, attach: bpftrace},
		{name: "perf trace", calls: 5_000, attach: command("madvise(", "perf", "trace", "-e", "madvise", "--call-graph=fp", "-p")},
		{name: "strace", calls: 2_000, attach: command("madvise(", "strace", "-f", "-k", "-e", "trace=madvise", "-p")},
	}
	for i := range all {
		all[i].pause = 20 * time.Millisecond
		switch name := all[i].name; name {
		case "bpftrace", "perf trace", "strace":
			if _, err := exec.LookPath(strings.Fields(name)[0]); err != nil {
				all[i].missing = "not installed"
			}
		}
	}
	return all
}

// command watches with a program that is given the PID as its last argument and
// writes the word once for each call.
func command(word string, argv ...string) func(int) (func() int, error) {
	return func(pid int) (func() int, error) {
		return watch(word, append(argv[:len(argv):len(argv)], strconv.Itoa(pid)))
	}
}

// bpftrace is asked for what whyres reports of a call: arguments, return value,
// duration and the user stack.
func bpftrace(pid int) (func() int, error) {
	program := fmt.Sprintf(`
tracepoint:syscalls:sys_enter_madvise /pid == %[1]d/ { @t[tid] = nsecs; @a[tid] = args->start; @l[tid] = args->len_in; @b[tid] = args->behavior; }
tracepoint:syscalls:sys_exit_madvise /pid == %[1]d && @t[tid]/ {
  printf("madvise( %%d %%d %%lx %%lu %%d = %%d %%lu %%s\n", pid, tid, @a[tid], @l[tid], @b[tid], args->ret, nsecs - @t[tid], ustack(perf));
  delete(@t[tid]); delete(@a[tid]); delete(@l[tid]); delete(@b[tid]);
}`, pid)
	return watch("madvise(", []string{"env", "BPFTRACE_CACHE_USER_SYMBOLS=1", "BPFTRACE_PERF_RB_PAGES=1024", "bpftrace", "-e", program})
}

// watch runs a tracer with its output in a file, and gives it time to attach.
func watch(word string, argv []string) (func() int, error) {
	out, err := os.Create(filepath.Join(os.TempDir(), "whyres-bench.out"))
	if err != nil {
		return nil, err
	}
	cmd := exec.Command(argv[0], argv[1:]...)
	cmd.Stdout, cmd.Stderr = out, out
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	time.Sleep(2 * time.Second)
	return func() int {
		_ = cmd.Process.Signal(syscall.SIGINT)
		killer := time.AfterFunc(20*time.Second, func() { _ = cmd.Process.Kill() })
		defer killer.Stop()
		_ = cmd.Wait()
		defer os.Remove(out.Name())
		defer out.Close()
		text, err := os.ReadFile(out.Name())
		if err != nil {
			return 0
		}
		return bytes.Count(text, []byte(word))
	}, nil
}

// attachEmpty attaches programs that do nothing to the tracepoints of all
// system calls: what any raw tracepoint costs at least.
func attachEmpty(int) (func() int, error) {
	p, err := ebpf.NewProgram(&ebpf.ProgramSpec{
		Type: ebpf.RawTracepoint, License: "GPL",
		Instructions: asm.Instructions{asm.Mov.Imm(asm.R0, 0), asm.Return()},
	})
	if err != nil {
		return nil, err
	}
	closers := []func() error{p.Close}
	detach := func() int {
		for _, c := range closers {
			_ = c()
		}
		return -1
	}
	for _, at := range []string{"sys_enter", "sys_exit"} {
		l, err := link.AttachRawTracepoint(link.RawTracepointOptions{Name: at, Program: p})
		if err != nil {
			detach()
			return nil, err
		}
		closers = append(closers, l.Close)
	}
	return detach, nil
}
