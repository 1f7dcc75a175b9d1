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
	behind, err := p.fs.clockBehind(cpu)
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

// clockBehind is how far the scheduler's clock of a CPU is behind
// CLOCK_MONOTONIC.
func (f FS) clockBehind(cpu int) (behind time.Duration, err error) {
	done := make(chan struct{})
	go func() {
		defer close(done)
		// Not unlocked where it cannot go back: then the thread ends with the
		// goroutine, and no other code of whyres runs bound to that CPU.
		runtime.LockOSThread()
		var home, there unix.CPUSet
		if err = unix.SchedGetaffinity(0, &home); err != nil {
			runtime.UnlockOSThread()
			return
		}
		there.Set(cpu)
		if err = unix.SchedSetaffinity(0, &there); err == nil {
			behind, err = f.ownClockBehind()
		}
		if back := unix.SchedSetaffinity(0, &home); back == nil {
			runtime.UnlockOSThread()
		}
	}()
	<-done
	return behind, err
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
