package goruntime

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
)

// Two processes of one position-independent program: each has its own load
// bias and its own numbers, the file is read once.
func TestProgramsAreReadOnce(t *testing.T) {
	t.Parallel()
	program := buildTarget(t, "local", "-buildmode=pie")
	children := []child{startTarget(t, program), startTarget(t, program, "TARGET_FREE=1")}
	var ps Programs
	var got [2]*Target
	var wait sync.WaitGroup
	for i, c := range children {
		wait.Go(func() {
			var err error
			if got[i], err = ps.Open("/proc", c.pid); err != nil {
				t.Error(err)
			}
		})
	}
	wait.Wait()
	if t.Failed() {
		t.FailNow()
	}
	if len(ps.known) != 1 {
		t.Errorf("%d files read for one program", len(ps.known))
	}
	for i, c := range children {
		c.holds(t, func(said map[string]uint64) []string {
			s, err := got[i].MemStats()
			if err != nil {
				return []string{err.Error()}
			}
			if s.Sys != said["Sys"] || s.HeapReleased != said["HeapReleased"] {
				return []string{"the numbers are another process's"}
			}
			return nil
		})
	}
}

// A file that was replaced is another program, though its path is the same.
func TestIdentify(t *testing.T) {
	t.Parallel()
	var ps Programs
	sleep, err := exec.LookPath("sleep")
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(sleep)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "program")
	run := func(program []byte) int {
		if err := os.WriteFile(path+".new", program, 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.Rename(path+".new", path); err != nil {
			t.Fatal(err)
		}
		cmd := exec.Command(path, "60")
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = cmd.Process.Kill(); _ = cmd.Wait() })
		return cmd.Process.Pid
	}
	first := run(text)
	for range 2 { // read, then remembered
		if b, _, err := ps.Identify("/proc", first); !errors.Is(err, ErrNotGo) || b.GoVersion != "" {
			t.Errorf("sleep: %+v, %v", b, err)
		}
	}
	goProgram, err := os.ReadFile(buildTarget(t, "local"))
	if err != nil {
		t.Fatal(err)
	}
	second := run(goProgram)
	_, idBefore, _ := ps.Identify("/proc", first)
	for range 2 {
		b, id, err := ps.Identify("/proc", second)
		if err != nil || b.GoVersion == "" || id == idBefore {
			t.Errorf("the Go program at the same path: %+v, %v", b, err)
		}
	}
	if _, _, err := ps.Identify("/proc", 1<<22+1); !errors.Is(err, ErrGone) {
		t.Errorf("no process: %v", err)
	}
}

// What could not be read once is read again.
func TestProgramsForgetBadLuck(t *testing.T) {
	t.Parallel()
	var ps Programs
	file, err := os.Open(buildTarget(t, "local"))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	p, id, err := ps.program(file)
	if err != nil || p.err != nil {
		t.Fatal(err, p.err)
	}
	var unlucky program
	ps.known[id] = &unlucky
	unlucky.once.Do(func() { unlucky.err = os.ErrDeadlineExceeded })
	if p, _, _ := ps.program(file); !errors.Is(p.err, os.ErrDeadlineExceeded) {
		t.Fatalf("not the entry that was put there: %v", p.err)
	}
	if p, _, _ := ps.program(file); p.err != nil {
		t.Errorf("bad luck was remembered: %v", p.err)
	}
}
