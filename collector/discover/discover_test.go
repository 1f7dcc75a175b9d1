package discover

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"whyres/collector/kernel"
)

var sleeper string

func TestMain(m *testing.M) {
	os.Exit(func() int {
		dir, err := os.MkdirTemp("", "discover")
		if err != nil {
			panic(err)
		}
		defer os.RemoveAll(dir)
		sleeper = filepath.Join(dir, "sleeper")
		if out, err := exec.Command("go", "build", "-o", sleeper, "./testdata/sleeper").CombinedOutput(); err != nil {
			fmt.Fprintf(os.Stderr, "build the sleeper: %v\n%s", err, out)
			return 1
		}
		return m.Run()
	}())
}

// start starts a sleeper, and returns what it says of itself.
func start(t testing.TB, env ...string) (pid int, said map[string]int64) {
	t.Helper()
	cmd := exec.Command(sleeper)
	cmd.Env = append(os.Environ(), env...)
	stdin, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = stdin.Close(); _ = cmd.Wait() })
	line, err := bufio.NewReader(stdout).ReadBytes('\n')
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(line, &said); err != nil {
		t.Fatal(err)
	}
	go io.Copy(io.Discard, stdout) //nolint:errcheck // nothing more comes
	return cmd.Process.Pid, said
}

func newHost(t testing.TB) *Host {
	t.Helper()
	h := New(kernel.Default(), "/proc", 4)
	t.Cleanup(func() {
		if err := h.Close(); err != nil {
			t.Error(err)
		}
	})
	return h
}

func look(t testing.TB, h *Host) Survey {
	t.Helper()
	s, err := h.Look(t.Context(), time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func (s *Survey) of(pid int) *Seen {
	for i := range s.Seen {
		if s.Seen[i].Process.PID == pid {
			return &s.Seen[i]
		}
	}
	return nil
}

// A refresh with 200 Go processes takes less than a second.
func TestTwoHundredProcesses(t *testing.T) {
	const n = 200
	pids := make([]int, n)
	for i := range pids {
		pids[i], _ = start(t)
	}
	h := newHost(t)
	var took []time.Duration
	for range 4 {
		s := look(t, h)
		took = append(took, s.Dur)
		for _, pid := range pids {
			if seen := s.of(pid); seen == nil || seen.Sample.Pages == nil {
				t.Fatalf("%d was not looked at in full: %+v", pid, s.Unread)
			}
		}
	}
	t.Logf("first look %v, refreshes %v", took[0], took[1:])
	slices.Sort(took[1:])
	if !raceEnabled && (took[2] > time.Second || took[0] > 3*time.Second) {
		t.Errorf("a look takes %v, the first %v", took[2], took[0])
	}
}
