package kernel

import (
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"testing"

	"golang.org/x/sys/unix"
)

// Measuring a CPU's clock leaves the thread where it was allowed before.
func TestClockBehindGoesHome(t *testing.T) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	p := openSelf(t, Options{})
	var before, after unix.CPUSet
	if err := unix.SchedGetaffinity(0, &before); err != nil {
		t.Fatal(err)
	}
	if _, err := p.clockBehind(firstCPU(&before)); err != nil && !errors.Is(err, errCPUTaken) {
		t.Fatal(err)
	}
	done := make(chan error)
	go func() { done <- unix.SchedGetaffinity(0, &after) }()
	if err := <-done; err != nil || after != before {
		t.Errorf("%v, want %v: %v", after, before, err)
	}
	if _, err := p.clockBehind(1023); err == nil {
		t.Error("CPU 1023 has a clock")
	}
}

func firstCPU(set *unix.CPUSet) int {
	for cpu := range 1024 {
		if set.IsSet(cpu) {
			return cpu
		}
	}
	return 0
}

// A thread that does not come to run on its CPU, behind a SCHED_FIFO one, is not
// waited for: it may run at home again. (That another thread has a CPU for itself
// cannot be arranged for sure: Linux 6.12 and newer leave it a twentieth.)
func TestVisitorIsCalledBack(t *testing.T) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	var home, there, after unix.CPUSet
	if err := unix.SchedGetaffinity(0, &home); err != nil || home.Count() < 2 {
		t.Skip("needs two CPUs: ", err)
	}
	there.Set(firstCPU(&home))
	if err := unix.SchedSetaffinity(0, &there); err != nil {
		t.Fatal(err)
	}
	v := visit{leaving: make(chan visitor, 1), done: make(chan measured)}
	v.leaving <- visitor{tid: unix.Gettid(), home: home}
	if _, err := v.wait(); !errors.Is(err, errCPUTaken) {
		t.Errorf("%v, want it given up", err)
	}
	if err := unix.SchedGetaffinity(0, &after); err != nil || after != home {
		t.Errorf("it may run on %v, want %v: %v", after, home, err)
	}
}

// No second thread follows one that is on its way still.
func TestOneVisitorAtATime(t *testing.T) {
	t.Parallel()
	p := openSelf(t, Options{})
	p.visiting.Store(true)
	if _, err := p.clockBehind(0); !errors.Is(err, errCPUTaken) {
		t.Errorf("%v, want none sent", err)
	}
}

// A CPU that its owner keeps free is left alone.
func TestSparedCPUs(t *testing.T) {
	t.Parallel()
	sys := t.TempDir()
	dir := filepath.Join(sys, "devices/system/cpu")
	if err := os.MkdirAll(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{"isolated": "0-1,7\n", "nohz_full": "3\n"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	p := openSelf(t, Options{})
	p.fs.sys = sys
	for cpu, want := range map[int]bool{0: true, 1: true, 7: true, 3: true, 2: false, 8: false} {
		if got := p.fs.spared(cpu); got != want {
			t.Errorf("CPU %d: %v", cpu, got)
		}
	}
	if _, err := p.clockBehind(0); !errors.Is(err, errCPUSpared) {
		t.Errorf("%v, want it not visited", err)
	}
}

func TestCPUListed(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		list string
		cpu  int
		want bool
	}{
		{"", 0, false},
		{"\n", 0, false},
		{" (null)\n", 0, false},
		{"0\n", 0, true},
		{"2-5,9", 4, true},
		{"2-5,9", 9, true},
		{"2-5,9", 6, false},
		{"5-2", 3, false},
		{"2-x,-,1", 1, true},
	} {
		if got := cpuListed(c.list, c.cpu); got != c.want {
			t.Errorf("%q, CPU %d: %v", c.list, c.cpu, got)
		}
	}
}
