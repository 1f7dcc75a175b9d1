package target

import (
	"errors"
	"maps"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"whyres/collector"
	"whyres/collector/goruntime"
	"whyres/collector/kernel"
	"whyres/collector/mem"
)

// program is a Go program with its symbols: a test's own binary has none.
const program = `package main

import "time"

var keep [][]byte

func main() {
	for range 64 {
		b := make([]byte, 1<<20)
		for i := range b { b[i] = 1 }
		keep = append(keep, b)
	}
	time.Sleep(time.Minute)
}
`

func start(t *testing.T) *exec.Cmd {
	t.Helper()
	dir := t.TempDir()
	if err := os.WriteFile(dir+"/main.go", []byte(program), 0o600); err != nil {
		t.Fatal(err)
	}
	build := exec.Command("go", "build", "-o", dir+"/program", dir+"/main.go")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	cmd := exec.Command(dir + "/program")
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cmd.Process.Kill(); _ = cmd.Wait() })
	return cmd
}

func TestViewOfAGoProcess(t *testing.T) {
	cmd := start(t)
	time.Sleep(500 * time.Millisecond)
	var told []goruntime.CounterAddrs
	v, err := Open(kernel.Default(), "/proc", cmd.Process.Pid, func(_ int, at goruntime.CounterAddrs) error {
		told = append(told, at)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = v.Close() }()
	if p := v.Describe(); p.GoVersion != runtime.Version() || p.Comm != "program" || p.PID != cmd.Process.Pid {
		t.Errorf("described as %+v", p)
	}
	if len(told) != 1 || told[0].HeapInUse == 0 || len(v.Missing()) != 0 {
		t.Errorf("told %v, missing %v", told, v.Missing())
	}
	s, _, err := v.Look(collector.Order{Full: true})
	if err != nil {
		t.Fatal(err)
	}
	// 64 MiB of live objects were made, each of whole pages.
	const made = 64 << 20
	if s.MemStats == nil || s.Pages == nil || !s.Pages.Agrees {
		t.Fatalf("no full sample: %s %s", s.GoProblem, s.PagesProblem)
	}
	if in := s.Pages.InUse.Resident; in < made || in > made+4<<20 {
		t.Errorf("%d bytes of the heap are in use and resident, %d were made", in, made)
	}
	if s.MemStats.HeapAlloc < made || s.RSS.Total() < made || s.Dur <= 0 {
		t.Errorf("HeapAlloc %d, RES %d, in %d ns", s.MemStats.HeapAlloc, s.RSS.Total(), s.Dur)
	}

	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait()
	if _, _, err := v.Look(collector.Order{}); !errors.Is(err, collector.ErrGone) {
		t.Errorf("of a dead process: %v", err)
	}
}

func TestViewOfAProcessThatIsNotGo(t *testing.T) {
	cmd := exec.Command("sleep", "60")
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() { _ = cmd.Process.Kill(); _ = cmd.Wait() }()
	time.Sleep(100 * time.Millisecond)
	v, err := Open(kernel.Default(), "/proc", cmd.Process.Pid, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = v.Close() }()
	if m := v.Missing(); len(m) != 1 || !strings.Contains(m[0], "not a Go program") {
		t.Errorf("missing %q", m)
	}
	s, _, err := v.Look(collector.Order{Full: true})
	if err != nil || s.MemStats != nil || s.GoProblem == "" || s.RSS.Total() == 0 || len(s.VMAs) == 0 {
		t.Errorf("sample %+v, %v", s, err)
	}
}

func TestViewOfA32BitProcess(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(dir+"/main.go", []byte(program), 0o600); err != nil {
		t.Fatal(err)
	}
	build := exec.Command("go", "build", "-o", dir+"/program", dir+"/main.go")
	build.Env = append(os.Environ(), "GOARCH=386", "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	cmd := exec.Command(dir + "/program")
	if err := cmd.Start(); err != nil {
		t.Skipf("this machine runs no 32-bit programs: %v", err)
	}
	defer func() { _ = cmd.Process.Kill(); _ = cmd.Wait() }()
	if _, err := Open(kernel.Default(), "/proc", cmd.Process.Pid, nil); !errors.Is(err, Err32Bit) {
		t.Errorf("got %v", err)
	}
}

func TestViewOfNobody(t *testing.T) {
	if _, err := Open(kernel.Default(), "/proc", 1<<22-1, nil); !errors.Is(err, collector.ErrGone) {
		t.Errorf("got %v", err)
	}
}

// The stack of this very function, as the Go runtime names it.
func TestNamesOfAStack(t *testing.T) {
	pcs := make([]uintptr, 32)
	pcs = pcs[:runtime.Callers(1, pcs)]
	var want []string
	var addrs []uint64
	frames := runtime.CallersFrames(pcs)
	for {
		f, more := frames.Next()
		want = append(want, f.Function)
		if !more {
			break
		}
	}
	for _, pc := range pcs {
		addrs = append(addrs, uint64(pc))
	}
	n := NewNames("/proc")
	defer n.Close()
	for range 2 { // the second time from memory
		e := mem.Event{PID: os.Getpid(), PCs: addrs}
		n.Name(&e)
		if !slices.Equal(e.Stack, want) || e.Who != mem.WhoUser {
			t.Errorf("%s: %v, want %v", e.Who, e.Stack, want)
		}
	}
	e := mem.Event{PID: 1<<22 - 1, PCs: addrs}
	if n.Name(&e); e.Who != mem.WhoUnknown {
		t.Errorf("of a process that is not there: %s %v", e.Who, e.Stack)
	}
	n.Know(os.Getpid())
	m := mem.Mark{Kind: mem.MarkExec, PID: os.Getpid(), Comm: "this"}
	if n.Mark(&m); m.Process == nil || m.Process.GoVersion != runtime.Version() || m.Process.Comm != "this" {
		t.Errorf("after an exec it is %+v", m.Process)
	}
}

// How a process was started, and since when, is told from the first look on.
func TestViewTellsHowItWasStarted(t *testing.T) {
	t.Parallel()
	began := time.Now()
	cmd := exec.Command("sleep", "60")
	cmd.Env = append(os.Environ(), "GOGC=37", "GODEBUG=a=1,madvdontneed=0", "WHYRES_SECRET=no")
	if err := cmd.Start(); err != nil {
		t.Skip("no sleep command: ", err)
	}
	t.Cleanup(func() { _ = cmd.Process.Kill(); _ = cmd.Wait() })
	time.Sleep(50 * time.Millisecond)
	v, err := Open(kernel.Default(), "/proc", cmd.Process.Pid, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = v.Close() }()
	if p := v.Describe(); !maps.Equal(p.Env, map[string]string{"GOGC": "37", "GODEBUG": "madvdontneed=0"}) || p.Seccomp || p.Sanitizer != "" {
		t.Errorf("described as %+v", p)
	}
	// The kernel tells starts in hundredths of a second.
	const tick = 10 * time.Millisecond
	first := time.Duration(v.Describe().Up)
	if most := time.Since(began) + tick; first < 50*time.Millisecond-tick || first > most {
		t.Errorf("up %v, it was started %v ago", first, most)
	}
	time.Sleep(30 * time.Millisecond)
	if later := time.Duration(v.Describe().Up); later < first+30*time.Millisecond {
		t.Errorf("up %v, and %v at least 30 ms later", first, later)
	}
	s, _, err := v.Look(collector.Order{Full: true})
	if err != nil {
		t.Fatal(err)
	}
	if group, err := v.Cgroup(); err == nil && s.Cgroup != nil && s.Cgroup.Path != group.Path {
		t.Errorf("group %+v, want %s", s.Cgroup, group.Path)
	}
}
