package discover

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"syscall"
	"testing"
	"time"

	"whyres/collector/kernel"
)

var sleeper string

func TestMain(m *testing.M) {
	os.Exit(func() int {
		if pid, err := strconv.Atoi(os.Getenv("DISCOVER_AS_NOBODY")); err == nil {
			return asNobody(pid)
		}
		dir, err := os.MkdirTemp("", "discover")
		if err != nil {
			panic(err)
		}
		defer os.RemoveAll(dir)
		// Built beforehand where there is no toolchain.
		sleeper = filepath.Join(os.Getenv("WHYRES_TEST_BINARIES"), "sleeper")
		if _, err := os.Stat(sleeper); err == nil && filepath.IsAbs(sleeper) {
			return m.Run()
		}
		sleeper = filepath.Join(dir, "sleeper")
		if out, err := exec.Command("go", "build", "-o", sleeper, "./testdata/sleeper").CombinedOutput(); err != nil {
			fmt.Fprintf(os.Stderr, "build the sleeper: %v\n%s", err, out)
			return 1
		}
		return m.Run()
	}())
}

// child is a sleeper that runs.
type child struct {
	pid   int
	said  map[string]int64
	stdin io.Writer
	lines *bufio.Reader
}

// start starts a sleeper, and hears what it says of itself.
func start(t testing.TB, env ...string) *child {
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
	c := &child{pid: cmd.Process.Pid, stdin: stdin, lines: bufio.NewReader(stdout)}
	c.listen(t)
	return c
}

func (c *child) listen(t testing.TB) {
	t.Helper()
	line, err := c.lines.ReadBytes('\n')
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(line, &c.said); err != nil {
		t.Fatal(err)
	}
}

// order makes it do something, and waits until that is done.
func (c *child) order(t testing.TB, what string) {
	t.Helper()
	if _, err := io.WriteString(c.stdin, what); err != nil {
		t.Fatal(err)
	}
	c.listen(t)
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

// A refresh with 200 Go processes takes less than a second: the median of three,
// by the clock, or by CPU time where others have the machine.
func TestTwoHundredProcesses(t *testing.T) {
	const n = 200
	pids := make([]int, n)
	for i := range pids {
		pids[i] = start(t).pid
	}
	h := newHost(t)
	var took, used []time.Duration
	for range 4 {
		before := ownCPU(t)
		s := look(t, h)
		took, used = append(took, s.Dur), append(used, ownCPU(t)-before)
		for _, pid := range pids {
			if seen := s.of(pid); seen == nil || seen.Sample.Pages == nil {
				t.Fatalf("%d was not looked at in full: %+v", pid, s.Unread)
			}
		}
	}
	t.Logf("first look %v (CPU %v), refreshes %v (CPU %v)", took[0], used[0], took[1:], used[1:])
	slices.Sort(took[1:])
	slices.Sort(used[1:])
	if !raceEnabled && took[2] > time.Second && used[2] > time.Second {
		t.Errorf("a look takes %v, and %v of CPU time", took[2], used[2])
	}
}

func ownCPU(t *testing.T) time.Duration {
	t.Helper()
	used, err := kernel.OwnCPU()
	if err != nil {
		t.Fatal(err)
	}
	return used
}

// What a process says of itself is what the survey says of it.
func TestNumbersAreTheProcesss(t *testing.T) {
	c := start(t, "KEEP=20", "DROP=30")
	pid, said := c.pid, c.said
	h := newHost(t)
	first := look(t, h)
	seen := first.of(pid)
	if seen == nil {
		t.Fatalf("not found: %+v", first.Unread)
	}
	m := seen.Sample.MemStats
	if seen.Process.Comm != "sleeper" || seen.Process.Exe != sleeper || seen.Process.GoVersion != runtime.Version() {
		t.Errorf("%+v", seen.Process)
	}
	// Some spans may have become stacks since it spoke.
	if off := int64(m.HeapSys) - said["HeapSys"]; off > 1<<20 || off < -1<<20 || int64(m.NumGC) != said["NumGC"] || m.HeapAlloc < 20<<20 || m.HeapIdle < 29<<20 {
		t.Errorf("%+v, it says %v", m, said)
	}
}

// Processes come and go between two looks.
func TestComingAndGoing(t *testing.T) {
	h := newHost(t)
	stays := start(t).pid
	goes := exec.Command(sleeper)
	stdin, err := goes.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := goes.Start(); err != nil {
		t.Fatal(err)
	}
	time.Sleep(100 * time.Millisecond)
	if s := look(t, h); s.of(stays) == nil || s.of(goes.Process.Pid) == nil {
		t.Fatalf("not all found: %+v", s)
	}
	view := h.held[stays].view
	stdin.Close()
	if err := goes.Wait(); err != nil {
		t.Fatal(err)
	}
	comes := start(t).pid
	s := look(t, h)
	if s.of(stays) == nil || s.of(comes) == nil || s.of(goes.Process.Pid) != nil {
		t.Errorf("after one went and one came: %+v", s)
	}
	if h.held[stays].view != view {
		t.Error("a process that stays is opened anew for each look")
	}
	if _, still := h.held[goes.Process.Pid]; still {
		t.Error("a process that is gone is held open")
	}
}

// A process that executes another program by the same number: Go, then not, and
// the same Go program once more.
func TestExec(t *testing.T) {
	h := newHost(t)
	cmd := exec.Command("sh", "-c", `read x; exec "$0"`, sleeper)
	stdin, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = stdin.Close(); _ = cmd.Wait() })
	if s := look(t, h); s.of(cmd.Process.Pid) != nil {
		t.Error("a shell is taken for a Go process")
	}
	if _, err := stdin.Write([]byte("\n")); err != nil {
		t.Fatal(err)
	}
	until := time.Now().Add(5 * time.Second)
	for {
		s := look(t, h)
		if seen := s.of(cmd.Process.Pid); seen != nil && seen.Sample.Pages != nil {
			break
		}
		if time.Now().After(until) {
			t.Fatal("what the shell became was not found")
		}
		time.Sleep(10 * time.Millisecond)
	}
}

// What does not fit into the budget is looked at all the same, by its counters,
// the largest first.
func TestBudget(t *testing.T) {
	large := start(t, "KEEP=200").pid
	h := newHost(t)
	s, err := h.Look(t.Context(), 0)
	if err != nil {
		t.Fatal(err)
	}
	seen := s.of(large)
	if seen == nil || seen.Sample.MemStats == nil || seen.Sample.MemStats.HeapInuse < 200<<20 || seen.Sample.Smaps != nil {
		t.Fatalf("without a budget: %+v", seen)
	}
	h.held[large].cost, h.held[large].costRES = time.Hour, 1<<40
	s = look(t, h)
	if seen := s.of(large); seen == nil || seen.Sample.Smaps != nil {
		t.Errorf("a look that takes an hour was taken within a minute: %+v", seen)
	}
	small := start(t).pid
	if s = look(t, h); s.of(small).Sample.Pages == nil {
		t.Error("a small process was not looked at in full")
	}
}

// A process of another user is counted, not left out: its program is hidden, or
// known and not to be read.
func TestOthersProcesses(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("needs root: run make test")
	}
	pid := start(t).pid
	program, err := os.ReadFile(os.Args[0])
	if err != nil {
		t.Fatal(err)
	}
	dir, err := os.MkdirTemp("", "discover") // t.TempDir is its owner's alone
	if err != nil {
		t.Fatal(err)
	}
	defer os.RemoveAll(dir)
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, "survey")
	if err := os.WriteFile(path, program, 0o755); err != nil {
		t.Fatal(err)
	}
	survey := exec.Command(path)
	survey.Env = append(os.Environ(), "DISCOVER_AS_NOBODY="+strconv.Itoa(pid))
	survey.Dir = "/"
	survey.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 65534, Gid: 65534}}
	if out, err := survey.CombinedOutput(); err != nil || string(out) != "looked\n" {
		t.Errorf("%v\n%s", err, out)
	}
}

// asNobody is the part of the test above that runs as another user.
func asNobody(pid int) int {
	h := New(kernel.Default(), "/proc", 2)
	s, err := h.Look(context.Background(), time.Minute)
	if err = errors.Join(err, h.Close()); err != nil || s.of(pid) != nil || s.Hidden == 0 {
		fmt.Printf("%d seen: %v; hidden: %d; %v\n", pid, s.of(pid), s.Hidden, err)
		return 1
	}
	// go test strips what it runs: it is Go in any case.
	unread := slices.ContainsFunc(s.Unread, func(u Unread) bool { return u.Process.PID == os.Getpid() })
	if s.of(os.Getpid()) == nil && !unread {
		fmt.Println("one's own process is not among the Go processes")
		return 1
	}
	fmt.Println("looked")
	return 0
}
