package target

import (
	"bufio"
	"encoding/json"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"whyres/collector"
	"whyres/collector/explain/clock"
	"whyres/collector/goruntime"
	"whyres/collector/kernel"
	"whyres/collector/mem"
)

// clockTarget is testdata/clock at work.
type clockTarget struct {
	pid   int
	stdin io.WriteCloser
	lines *bufio.Reader
	said  map[string]int64
}

func startClock(t *testing.T, program, what string, env ...string) *clockTarget {
	t.Helper()
	cmd := exec.Command(program, what)
	cmd.Env, cmd.Stderr = append(os.Environ(), env...), os.Stderr
	stdin, errIn := cmd.StdinPipe()
	stdout, errOut := cmd.StdoutPipe()
	for _, err := range []error{errIn, errOut, cmd.Start()} {
		if err != nil {
			t.Fatal(err)
		}
	}
	t.Cleanup(func() { _ = stdin.Close(); _ = cmd.Wait() })
	c := &clockTarget{pid: cmd.Process.Pid, stdin: stdin, lines: bufio.NewReader(stdout)}
	c.listen(t)
	return c
}

func (c *clockTarget) listen(t *testing.T) {
	t.Helper()
	line, err := c.lines.ReadBytes('\n')
	if err == nil {
		err = json.Unmarshal(line, &c.said)
	}
	if err != nil {
		t.Fatalf("the target said %q: %v", line, err)
	}
}

func buildClock(t *testing.T, toolchain string, args ...string) string {
	t.Helper()
	src, err := os.ReadFile(filepath.Join("testdata", "clock", "main.go"))
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	for name, text := range map[string]string{"main.go": string(src), "go.mod": "module clock\n\ngo 1.12\n"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	cmd := exec.Command("go", append([]string{"build", "-o", "clock"}, append(args, "main.go")...)...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "PWD="+dir, "GOROOT=", "GOFLAGS=-tags=clock", "GOTOOLCHAIN="+toolchain, "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("go build with %s: %v\n%s", toolchain, err, out)
	}
	return filepath.Join(dir, "clock")
}

// asleep takes full looks until the monitor thread sleeps.
func asleep(t *testing.T, pid int) *mem.GoClock {
	t.Helper()
	v := viewOf(t, pid)
	for end := time.Now().Add(5 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		s, _, err := v.Look(collector.Order{Full: true})
		if err != nil {
			t.Fatal(err)
		}
		if s.Clock != nil && s.Clock.SysmonWakes != 0 {
			return s.Clock
		}
		if strings.Contains(s.GoProblem, "stripped") {
			t.Skip(s.GoProblem) // some stripped programs do not show their runtime
		}
		if time.Now().After(end) {
			t.Fatalf("its monitor thread is not seen asleep: %+v (%s)", s.Clock, s.GoProblem)
		}
	}
}

func viewOf(t *testing.T, pid int) *View {
	t.Helper()
	v, err := Open(kernel.Default(), "/proc", pid, func(int, goruntime.CounterAddrs) error { return nil })
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = v.Close() })
	return v
}

// hasTimers: this Go keeps its timers with its Ps.
func hasTimers(toolchain string) bool {
	minor := mem.GoMinor(toolchain)
	return minor == 0 || minor >= ownTimers
}

// stripped programs have no symbols.
const stripped = "-ldflags=-s -w"

// off is what the two clocks and a busy host are allowed.
const off = 500 * time.Millisecond

// A timer of the program is what its monitor thread sleeps for, and the program
// itself says when that is due. Without symbols too.
func TestClockOfATimer(t *testing.T) {
	for _, toolchain := range toolchains() {
		for _, flags := range []string{"-ldflags=", stripped} {
			t.Run(toolchain+flags, func(t *testing.T) {
				t.Parallel()
				target := startClock(t, buildClock(t, toolchain, flags), "timer")
				if flags == stripped && !hasTimers(toolchain) {
					t.Skip("another thread waits in the same way")
				}
				c := asleep(t, target.pid)
				if d := c.Timer.Sub(mem.Instant(target.said["due"])); c.Timer != 0 && (d < -off || d > off) || c.Timer == 0 && hasTimers(toolchain) {
					t.Errorf("its timer is due at %v, want %v", c.Timer, target.said["due"])
				}
				if s, _, err := viewOf(t, target.pid).Look(collector.Order{}); err != nil || s.Clock != nil && s.Clock.Timer != 0 {
					t.Errorf("a light look reads timers: %+v, %v", s.Clock, err)
				}
				due := mem.Instant(target.said["due"])
				if !hasTimers(toolchain) {
					due = c.SysmonRan.Add(time.Minute) // it knows no timers
				}
				if d := c.SysmonWakes.Sub(due); d < -off || d > off {
					t.Errorf("it wakes %v after its timer is due: %+v", d, c)
				}
			})
		}
	}
}

// A process at rest: the monitor thread fell asleep soon after the program did,
// for a minute; the settings are those that it was given.
func TestClockAtRest(t *testing.T) {
	for _, toolchain := range toolchains() {
		t.Run(toolchain, func(t *testing.T) {
			t.Parallel()
			program := buildClock(t, toolchain)
			for env, want := range map[string]mem.GoClock{
				"GODEBUG=madvdontneed=1":                    {Advice: "MADV_DONTNEED"},
				"GODEBUG=madvdontneed=0,gcshrinkstackoff=1": {Advice: "MADV_FREE", NoShrinkStacks: true},
			} {
				target := startClock(t, program, "idle", env)
				c := asleep(t, target.pid)
				rest, now := mem.Instant(target.said["now"]), kernel.Now()
				if time.Duration(c.SysmonSleep) < 59*time.Second || c.SysmonRan < rest.Add(-off) || c.SysmonRan > now || c.SysmonWakes != c.SysmonRan+mem.Instant(c.SysmonSleep) {
					t.Errorf("%s: %+v, at rest since %v, now %v", env, c, rest, now)
				}
				if c.Advice != want.Advice || c.NoShrinkStacks != want.NoShrinkStacks || c.GCRunning || c.Sweeping {
					t.Errorf("%s: %+v", env, c)
				}
				const byDefault = 512 << 10
				if c.MemProfileRate != byDefault && c.MemProfileRate != 0 { // 0: nothing in it refers to profiles
					t.Errorf("MemProfileRate %d", c.MemProfileRate)
				}
			}
		})
	}
}

// What is told to go after the next GC is what goes, by the program's own count.
func TestNextIsWhatGoesAfterTheNextGC(t *testing.T) {
	for _, toolchain := range toolchains() {
		if mem.GoMinor(toolchain) != 0 && mem.GoMinor(toolchain) < 21 {
			continue
		}
		t.Run(toolchain, func(t *testing.T) {
			t.Parallel()
			target := startClock(t, buildClock(t, toolchain), "dense")
			v := viewOf(t, target.pid)
			s, _, err := v.Look(collector.Order{Full: true})
			if err != nil || s.Pages == nil {
				t.Fatalf("%v, %s", err, s.GoProblem)
			}
			f := clock.Next(clock.FactsOf(&s, v.Describe()))
			if f == nil || f.Stage != clock.NextGC {
				t.Fatalf("forecast %+v of %+v", f, s.Pages)
			}
			before := target.said["released"]
			if _, err := target.stdin.Write([]byte("x")); err != nil {
				t.Fatal(err)
			}
			target.listen(t)
			went := target.said["released"] - before
			if went < 40<<20 || f.Bytes < went-went/10 || f.Bytes > went+went/10 {
				t.Errorf("it said %d, %d were released", f.Bytes, went)
			}
			t.Logf("said %d, released %d", f.Bytes, went)
		})
	}
}
