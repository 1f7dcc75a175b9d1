package goruntime

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// Three processes of one position-independent program: each has its own load
// bias and its own numbers, whoever was opened first.
func TestProgramsKnowAFile(t *testing.T) {
	t.Parallel()
	built := buildTarget(t, "local", "-buildmode=pie")
	var ps Programs
	for i, env := range []string{"TARGET_FREE=", "TARGET_FREE=1", "TARGET_FREE="} {
		c := startTarget(t, built, env)
		id, err := FileOf("/proc", c.pid)
		if err != nil {
			t.Fatal(err)
		}
		if p, known := ps.recall(id); known != (i > 0) || p.foreign != nil {
			t.Errorf("process %d: its file is known: %v, %v", i, known, p.foreign)
		}
		target, err := ps.Open("/proc", c.pid)
		if err != nil {
			t.Fatal(err)
		}
		fresh, err := Open("/proc", c.pid)
		if err != nil {
			t.Fatal(err)
		}
		if target.Binary.Exe != built || target.Binary.GoVersion != fresh.Binary.GoVersion || target.Binary.Cgo != fresh.Binary.Cgo {
			t.Errorf("process %d: %+v, want %+v", i, target.Binary, fresh.Binary)
		}
		c.holds(t, func(said map[string]uint64) []string {
			s, err := target.MemStats()
			if err != nil {
				t.Fatal(err)
			}
			return compare(s, said)
		})
	}
}

// A file that was replaced is another program, though its path is the same.
func TestProgramsTellAReplacedFile(t *testing.T) {
	t.Parallel()
	sleep, err := exec.LookPath("sleep")
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "program")
	run := func(from string) int {
		text, err := os.ReadFile(from)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path+".new", text, 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.Rename(path+".new", path); err != nil {
			t.Fatal(err)
		}
		return startSleeping(t, path)
	}
	var ps Programs
	first := run(sleep)
	for range 2 { // searched, then remembered
		if _, err := ps.Open("/proc", first); !errors.Is(err, ErrNotGo) {
			t.Errorf("sleep: %v", err)
		}
	}
	old, err := FileOf("/proc", first)
	if err != nil || !ps.IsForeign(old) {
		t.Errorf("sleep is not remembered as foreign: %v", err)
	}
	second := startTarget(t, buildTarget(t, "local")).pid
	if id, err := FileOf("/proc", second); err != nil || ps.IsForeign(id) {
		t.Errorf("a Go program is foreign: %v", err)
	}
	third := run(sleep)
	if id, err := FileOf("/proc", third); err != nil || id == old {
		t.Errorf("the file was replaced, its name is still %v: %v", id, err)
	}
	if _, err := FileOf("/proc", 1<<22+1); !errors.Is(err, ErrGone) {
		t.Errorf("no process: %v", err)
	}
}

func startSleeping(t *testing.T, path string) int {
	t.Helper()
	cmd := exec.Command(path, "60")
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cmd.Process.Kill(); _ = cmd.Wait() })
	return cmd.Process.Pid
}

// A 32-bit Go program is a Go program, though it cannot be read.
func TestProgramsName32BitGo(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "main.go"), []byte("package main\n\nfunc main() { select {} }\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	build := exec.Command("go", "build", "-o", "p", "main.go")
	build.Dir = dir
	build.Env = append(os.Environ(), "GOARCH=386", "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	text, err := os.ReadFile(filepath.Join(dir, "p"))
	if err != nil {
		t.Fatal(err)
	}
	proc := t.TempDir()
	if err := os.Mkdir(filepath.Join(proc, "7"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "q"), text, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(filepath.Join(dir, "q"), filepath.Join(proc, "7", "exe")); err != nil {
		t.Fatal(err)
	}
	var ps Programs
	for range 2 {
		target, err := ps.Open(proc, 7)
		if !errors.Is(err, ErrDamaged) || target.Binary.GoVersion == "" {
			t.Errorf("%+v, %v", target.Binary, err)
		}
	}
}
