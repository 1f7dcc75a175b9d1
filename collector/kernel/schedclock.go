package kernel

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"whyres/collector/mem"
)

// instantOf is the instant at which the clock of the thread's CPU showed ticks; 0
// where that clock cannot be told. Each CPU has its own, which stands still
// while interrupts are handled and while a host of virtual machines has taken the
// CPU away (kernel/sched/core.c, update_rq_clock_task): since boot it may have
// fallen behind by minutes. By how much is measured by a thread of whyres
// that goes there for a moment. What it fell behind since ticks is not seen.
func (p *Process) instantOf(ticks int64, tid string) mem.Instant {
	cpu, err := p.lastCPU(tid)
	if err != nil {
		return 0
	}
	behind, err := p.clockBehind(cpu)
	if err != nil {
		return 0
	}
	at, now := mem.Instant(ticks)+mem.Instant(behind), Now()
	return min(at, now)
}

// lastCPU is the CPU that a thread ran on last (field 39 of stat).
func (p *Process) lastCPU(tid string) (int, error) {
	b, err := p.small(filepath.Join("task", tid, "stat"))
	if err != nil {
		return 0, err
	}
	return parseLastCPU(b)
}

// parseLastCPU reads "TID (COMM) STATE ...": the name may hold anything.
func parseLastCPU(b []byte) (int, error) {
	const field = 39 - 3 // counted from the state, the third
	words := bytes.Fields(b[bytes.LastIndexByte(b, ')')+1:])
	if len(words) <= field {
		return 0, errors.New("no CPU in a thread's stat")
	}
	cpu, err := strconv.Atoi(string(words[field]))
	if err == nil && cpu < 0 {
		err = fmt.Errorf("CPU %d", cpu)
	}
	return cpu, err
}

// clockPatience is how long a CPU may take to let a thread of whyres run.
const clockPatience = 100 * time.Millisecond

var (
	errCPUSpared = errors.New("the CPU is kept free of other work")
	errCPUTaken  = errors.New("the CPU has no time for another thread")
)

// visit is one thread's way to a CPU and back.
type visit struct {
	// leaving tells the thread's number and where it may run, before it leaves.
	leaving chan visitor
	done    chan measured
}

type visitor struct {
	tid  int
	home unix.CPUSet
}

type measured struct {
	behind time.Duration
	err    error
}

// clockBehind is how far the scheduler's clock of a CPU is behind
// CLOCK_MONOTONIC. A CPU that its owner keeps for other work is not visited; on
// one that is taken by a thread above all others (SCHED_FIFO) a visitor would wait
// for ever: it is called back. At most one is on its way.
func (p *Process) clockBehind(cpu int) (time.Duration, error) {
	if p.fs.spared(cpu) {
		return 0, errCPUSpared
	}
	if !p.visiting.CompareAndSwap(false, true) {
		return 0, errCPUTaken
	}
	v := visit{leaving: make(chan visitor, 1), done: make(chan measured, 1)}
	go func() {
		defer p.visiting.Store(false)
		v.done <- p.fs.visitCPU(cpu, v.leaving)
	}()
	return v.wait()
}

// wait returns what was measured, or calls the thread back.
func (v visit) wait() (time.Duration, error) {
	patience := time.NewTimer(clockPatience)
	defer patience.Stop()
	select {
	case m := <-v.done:
		return m.behind, m.err
	case <-patience.C:
	}
	select {
	case who := <-v.leaving:
		return 0, errors.Join(errCPUTaken, unix.SchedSetaffinity(who.tid, &who.home))
	default:
		return 0, errCPUTaken
	}
}

// visitCPU measures on the CPU, with a thread that goes there.
func (f FS) visitCPU(cpu int, leaving chan<- visitor) (m measured) {
	// Not unlocked where it cannot go back: then the thread ends with the
	// goroutine, and no other code of whyres runs bound to that CPU.
	runtime.LockOSThread()
	who := visitor{tid: unix.Gettid()}
	if m.err = unix.SchedGetaffinity(0, &who.home); m.err != nil {
		runtime.UnlockOSThread()
		return m
	}
	leaving <- who
	var there unix.CPUSet
	there.Set(cpu)
	if m.err = unix.SchedSetaffinity(0, &there); m.err == nil {
		m.behind, m.err = f.ownClockBehind()
	}
	if back := unix.SchedSetaffinity(0, &who.home); back == nil {
		runtime.UnlockOSThread()
	}
	return m
}

// spared reports whether the CPU is kept for other work: the boot parameters
// isolcpus and nohz_full (drivers/base/cpu.c). Where they do not tell, it is not.
func (f FS) spared(cpu int) bool {
	for _, name := range [...]string{"isolated", "nohz_full"} {
		text, err := os.ReadFile(filepath.Join(f.sys, "devices/system/cpu", name))
		if err == nil && cpuListed(string(text), cpu) {
			return true
		}
	}
	return false
}

// cpuListed reads a list such as "0-3,8". That of no CPUs is empty, or "(null)".
func cpuListed(list string, cpu int) bool {
	for part := range strings.SplitSeq(strings.TrimSpace(list), ",") {
		low, high, isRange := strings.Cut(part, "-")
		from, err := strconv.Atoi(low)
		to, errTo := from, error(nil)
		if isRange {
			to, errTo = strconv.Atoi(high)
		}
		if err == nil && errTo == nil && from <= cpu && cpu <= to {
			return true
		}
	}
	return false
}

// ownClockBehind measures on the CPU that the calling thread is on. exec_start
// of a thread that runs is as old as the last tick, some ms.
func (f FS) ownClockBehind() (time.Duration, error) {
	file, err := os.Open(filepath.Join(f.proc, "thread-self", "sched"))
	if err != nil {
		return 0, err
	}
	defer file.Close() //nolint:errcheck // only read
	b := make([]byte, smallFile)
	now := Now()
	n, err := file.Read(b)
	if err != nil && !errors.Is(err, io.EOF) {
		return 0, err
	}
	ticks, err := parseExecStart(b[:n])
	return now.Sub(mem.Instant(ticks)), err
}
