package kernel

import (
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"testing"
	"time"

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

// A CPU that a thread of real-time priority has for itself is given up, and the
// thread that went there comes back at once.
func TestClockOfACPUThatIsTaken(t *testing.T) {
	p := openSelf(t, Options{})
	var all unix.CPUSet
	if err := unix.SchedGetaffinity(0, &all); err != nil || all.Count() < 2 {
		t.Skip("needs two CPUs: ", err)
	}
	cpu := firstCPU(&all)
	spinning, refused, over := make(chan struct{}), make(chan error, 1), make(chan struct{})
	const spin = 800 * time.Millisecond
	go func() {
		defer close(over)
		runtime.LockOSThread() // never unlocked: the thread ends with its priority
		var there unix.CPUSet
		there.Set(cpu)
		err := errors.Join(
			unix.SchedSetaffinity(0, &there),
			unix.SchedSetAttr(0, &unix.SchedAttr{Size: unix.SizeofSchedAttr, Policy: unix.SCHED_FIFO, Priority: 1}, 0))
		if err != nil {
			refused <- err
			return
		}
		close(spinning)
		for end := time.Now().Add(spin); time.Now().Before(end); { //nolint:revive // that is its work
		}
	}()
	select {
	case err := <-refused:
		t.Skip("no real-time priority: ", err)
	case <-spinning:
	}
	begun := time.Now()
	_, err := p.clockBehind(cpu)
	took := time.Since(begun)
	<-over
	if !errors.Is(err, errCPUTaken) || took > spin-clockPatience {
		t.Errorf("%v after %v, want it given up", err, took)
	}
	for end := time.Now().Add(5 * time.Second); p.visiting.Load(); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("the thread has not come back")
		}
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
