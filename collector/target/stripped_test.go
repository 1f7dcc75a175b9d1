package target

import (
	"os"
	"os/exec"
	"runtime"
	"syscall"
	"testing"
	"time"

	"whyres/collector"
	"whyres/collector/kernel"
)

// TestStrippedFromItsStart looks at a stripped program from its exec(2) on, when
// its runtime has not started yet: its numbers come as soon as it has.
func TestStrippedFromItsStart(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(dir+"/main.go", []byte(program), 0o600); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.Command("go", "build", "-ldflags=-s", "-o", dir+"/program", dir+"/main.go").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	runtime.LockOSThread() // a traced process belongs to the thread that started it
	defer runtime.UnlockOSThread()
	cmd := exec.Command(dir + "/program")
	cmd.SysProcAttr = &syscall.SysProcAttr{Ptrace: true}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() { _ = cmd.Process.Kill(); _ = cmd.Wait() }()
	pid := cmd.Process.Pid
	var status syscall.WaitStatus
	if _, err := syscall.Wait4(pid, &status, 0, nil); err != nil || !status.Stopped() {
		t.Fatalf("the program did not stop at its exec: %v, %v", status, err)
	}
	v, err := Open(kernel.Default(), "/proc", pid, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = v.Close() }()
	if s, _, err := v.Look(collector.Order{}); err != nil || s.MemStats != nil || s.GoProblem == "" {
		t.Errorf("before it has started: %+v, %q, %v", s.MemStats, s.GoProblem, err)
	}
	if err := syscall.PtraceDetach(pid); err != nil {
		t.Fatal(err)
	}
	for deadline := time.Now().Add(10 * time.Second); ; time.Sleep(50 * time.Millisecond) {
		s, _, err := v.Look(collector.Order{})
		if err != nil {
			t.Fatal(err)
		}
		if s.MemStats != nil && s.MemStats.HeapInuse > 64<<20 {
			break // the program keeps 64 MiB
		}
		if time.Now().After(deadline) {
			t.Fatalf("no numbers of 64 MiB: %+v, %q", s.MemStats, s.GoProblem)
		}
	}
}
