package kernel

import (
	"fmt"
	"time"

	"golang.org/x/sys/unix"

	"whyres/collector/mem"
)

// Now is the present instant of CLOCK_MONOTONIC: the clock of eBPF programs
// and of the Go runtime.
func Now() mem.Instant { return mem.Instant(clock(unix.CLOCK_MONOTONIC)) }

// sinceBoot is CLOCK_BOOTTIME, in which the kernel gives start times.
func sinceBoot() time.Duration { return time.Duration(clock(unix.CLOCK_BOOTTIME)) }

func clock(id int32) int64 {
	var ts unix.Timespec
	// Both clocks exist on every kernel that Go runs on, and ts is ours: the
	// call has no way left to fail.
	_ = unix.ClockGettime(id, &ts)
	return ts.Nano()
}

// OwnCPU is the CPU time, user and system, that whyres itself has used.
func OwnCPU() (time.Duration, error) {
	var used unix.Rusage
	if err := unix.Getrusage(unix.RUSAGE_SELF, &used); err != nil {
		return 0, fmt.Errorf("getrusage of whyres itself: %w", err)
	}
	return time.Duration(used.Utime.Nano() + used.Stime.Nano()), nil
}
