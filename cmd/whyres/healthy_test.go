package main

import (
	"bufio"
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"whyres/cmd/whyres/internal/culprit"
	"whyres/collector/explain"
	"whyres/collector/explain/causes"
	"whyres/collector/ledger"
)

// A healthy process gets no cause above possible, from one look and from a trace.
func TestHealthy(t *testing.T) {
	privileged(t)
	releases := []string{"go1.21.13", culprit.Local, "go1.27.4"}
	for _, name := range []string{"http", "cache", "allocator", "cgo", "pprof"} {
		c := culprit.Culprit{Name: name, Dir: filepath.Join("testdata/healthy", name)}
		if name == "cgo" {
			c.Needs = []string{"gcc"}
		}
		for _, toolchain := range releases {
			t.Run(name+"/"+toolchain, func(t *testing.T) {
				t.Parallel()
				needs(t, c)
				checkHealthy(t, startHealthy(t, c, toolchain))
			})
		}
	}
	for _, toolchain := range releases[1:] { // its module wants a Go of today
		t.Run("server/"+toolchain, func(t *testing.T) {
			t.Parallel()
			checkHealthy(t, startServer(t, toolchain))
		})
	}
}

// At whatever moment one looks at a program that works as many do, it is healthy.
func TestHealthyAtWork(t *testing.T) {
	privileged(t)
	both := []string{"go1.21.13", culprit.Local}
	for _, c := range []struct {
		name, folder string
		env          map[string]string
		releases     []string
		looks        int // two seconds apart
		trace        string
	}{
		{"bursts", "bursts", nil, both, 4, "5s"},
		{"waves", "waves", nil, both, 3, "5s"},
		{"rampup", "rampup", nil, both[1:], 0, "25s"},
		{"limit", "limit", map[string]string{"GOGC": "off", "GOMEMLIMIT": "256MiB"}, both, 3, "5s"},
		{"gogc-400", "allocator", map[string]string{"GOGC": "400"}, both, 3, "5s"},
	} {
		for _, toolchain := range c.releases {
			t.Run(c.name+"/"+toolchain, func(t *testing.T) {
				t.Parallel()
				pid := startHealthy(t, culprit.Culprit{Name: c.folder, Dir: filepath.Join("testdata/healthy", c.folder), Env: c.env}, toolchain)
				for look := range c.looks {
					if look > 0 {
						time.Sleep(2 * time.Second)
					}
					checkCommand(t, pid, "explain", "--json")
				}
				checkCommand(t, pid, "trace", "--json", "--for", c.trace)
			})
		}
	}
}

// checkHealthy looks at it once, and traces it for a while.
func checkHealthy(t *testing.T, pid int) {
	t.Helper()
	checkCommand(t, pid, "explain", "--json")
	checkCommand(t, pid, "trace", "--json", "--for", "5s")
}

// checkCommand has whyres look at it, and finds no cause above possible.
func checkCommand(t *testing.T, pid int, args ...string) {
	t.Helper()
	got := execute(t, exec.Command(built().whyres, append(args, "-p", strconv.Itoa(pid))...))
	if got.code != 0 {
		t.Fatalf("%s: exit %d: %s", args[0], got.code, got.err)
	}
	lines := strings.Split(strings.TrimSpace(got.out), "\n")
	checkNoCause(t, args[0], decodeVerdict(t, lines[len(lines)-1]))
}

func checkNoCause(t *testing.T, command string, v *explain.Verdict) {
	t.Helper()
	if v.RES == 0 || v.MemStats.Source != "memory" {
		t.Errorf("%s did not read it: RES %d, source %s", command, v.RES, v.MemStats.Source)
	}
	checkSum(t, v)
	said := ""
	for _, cause := range v.Causes {
		if cause.Confidence != causes.Possible {
			t.Errorf("%s: it gets %s as %s, with %s: %s", command, cause.ID, cause.Confidence, ledger.Size(cause.Bytes), cause.Says)
		}
		said += "; possible: " + cause.ID + ", " + ledger.Size(cause.Bytes)
	}
	t.Logf("%s: RES %s, healthy %s%s", command, ledger.Size(v.RES), ledger.Size(v.Healthy), said)
	if t.Failed() {
		logVerdict(t, v)
	}
}

// startHealthy builds and starts one of testdata/healthy, and waits until it is
// as it will stay.
func startHealthy(t *testing.T, c culprit.Culprit, toolchain string) (pid int) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	t.Cleanup(cancel)
	program, err := c.Build(ctx, toolchain, t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	running, err := c.Start(ctx, program)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(running.Stop)
	if _, err := running.Make(); err != nil {
		t.Fatal(err)
	}
	return running.PID
}

// startServer starts the project's own server, and has it serve a pulse and
// collect garbage twice.
func startServer(t *testing.T, toolchain string) (pid int) {
	t.Helper()
	program := filepath.Join(t.TempDir(), "server")
	build := exec.Command("go", "build", "-o", program, "../server")
	build.Env = append(os.Environ(), "CGO_ENABLED=0", "GOTOOLCHAIN="+toolchain)
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	server := exec.Command(program, "-addr", "127.0.0.1:0")
	stderr, err := server.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := server.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = server.Process.Kill(); _ = server.Wait() })
	log := bufio.NewScanner(stderr)
	address := await(t, log, `127\.0\.0\.1:\d+`)
	pulse := filepath.Join(filepath.Dir(built().whyres), "pulse")
	if got := execute(t, exec.Command(pulse, "-addr", address, "-big", "200", "-i", "1", "-l", "1", "-bs", "0", "-small", "0")); got.code != 0 {
		t.Fatalf("pulse: exit %d: %s", got.code, got.err)
	}
	for range 2 {
		if err := server.Process.Signal(syscall.SIGUSR1); err != nil {
			t.Fatal(err)
		}
		await(t, log, `runtime\.GC done`)
	}
	go func() { // so that it never waits for a reader
		for log.Scan() {
		}
	}()
	return server.Process.Pid
}

// await reads a log to the first match.
func await(t *testing.T, log *bufio.Scanner, pattern string) string {
	t.Helper()
	want := regexp.MustCompile(pattern)
	for log.Scan() {
		if found := want.FindString(log.Text()); found != "" {
			return found
		}
	}
	t.Fatalf("the log ended without %s", pattern)
	return ""
}
