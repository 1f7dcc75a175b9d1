package main

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

const patience = 30 * time.Second

// build makes the two real commands, without cgo as they are shipped.
func build(t *testing.T) (server, pulse string) {
	t.Helper()
	dir := t.TempDir()
	cmd := exec.CommandContext(t.Context(), "go", "build", "-o", dir, "whyres/cmd/server", "whyres/cmd/pulse")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("go build: %v\n%s", err, out)
	}
	return filepath.Join(dir, "server"), filepath.Join(dir, "pulse")
}

// output is what a process has written so far.
type output struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.Write(p)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.String()
}

func (o *output) await(t *testing.T, pattern string) []string {
	t.Helper()
	want := regexp.MustCompile(pattern)
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); time.Sleep(5 * time.Millisecond) {
		if match := want.FindStringSubmatch(o.String()); match != nil {
			return match
		}
	}
	t.Fatalf("no %q after %v in:\n%s", pattern, patience, o)
	return nil
}

// underLimit is a command that a shell gives files open files.
func underLimit(t *testing.T, files int, args ...string) *exec.Cmd {
	t.Helper()
	script := fmt.Sprintf(`ulimit -n %d && exec "$@"`, files)
	return exec.CommandContext(t.Context(), "sh", append([]string{"-c", script, "sh"}, args...)...)
}

// startServer runs the server and returns its log and its address.
func startServer(t *testing.T, cmd *exec.Cmd) (log *output, addr string) {
	t.Helper()
	log = &output{}
	cmd.Stderr = log
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
	return log, log.await(t, `listening on (127\.0\.0\.1:\d+)`)[1]
}

// cycles reads the clients of each cycle out of the server's log, in order.
func cycles(t *testing.T, log string) map[int][]int {
	t.Helper()
	line := regexp.MustCompile(`(?m)^\d{4}/\d\d/\d\d \d\d:\d\d:\d\d Cycle #([ \d]{3}): ([ \d]{5,}) clients \| System: [ \d]{8,} Inuse: [ \d]{8,} Released: [ \d]{8,} Objects: [ \d]{6,}$`)
	seen := map[int][]int{}
	for _, match := range line.FindAllStringSubmatch(log, -1) {
		cycle, err1 := strconv.Atoi(strings.TrimSpace(match[1]))
		clients, err2 := strconv.Atoi(strings.TrimSpace(match[2]))
		if err1 != nil || err2 != nil {
			t.Fatalf("%q: %v %v", match[0], err1, err2)
		}
		seen[cycle] = append(seen[cycle], clients)
	}
	return seen
}

func TestServerAndPulseEndToEnd(t *testing.T) {
	server, pulse := build(t)
	serving := exec.CommandContext(t.Context(), server, "-addr", "127.0.0.1:0")
	log, addr := startServer(t, serving)

	var stdout bytes.Buffer
	load := exec.CommandContext(t.Context(), pulse, "-addr", addr, "-big", "2000", "-bs", "1", "-l", "0.5", "-small", "0")
	load.Stdout = &stdout
	if err := load.Run(); err != nil {
		t.Errorf("pulse: %v", err)
	}
	got := regexp.MustCompile(`connected in [\d.]+ s, held [\d.]+ s`).ReplaceAllString(stdout.String(), "connected")
	want := `big 1/3: 2000 connected, 0 refused, 0 lost
big 2/3: 2000 connected, 0 refused, 0 lost
big 3/3: 2000 connected, 0 refused, 0 lost
total: 3 pulses, 6000 connected, 0 refused, 0 lost
`
	if got != want {
		t.Errorf("pulse said\n%swant\n%s", &stdout, want)
	}

	log.await(t, `Cycle #  3:     0 clients`)
	if err := serving.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	log.await(t, `stopped with 0 clients connected, 0 accepts failed`)
	seen := cycles(t, log.String())
	for cycle := 1; cycle <= 3; cycle++ {
		want := []int{500, 1000, 1500, 2000, 1500, 1000, 500, 0}
		if !slices.Equal(seen[cycle], want) {
			t.Errorf("cycle %d logged clients %v, want %v", cycle, seen[cycle], want)
		}
	}
	if len(seen) != 3 {
		t.Errorf("%d cycles, want 3:\n%s", len(seen), log)
	}
}

func TestTheServerAnswersThePulse(t *testing.T) {
	server, pulse := build(t)
	log, addr := startServer(t, exec.CommandContext(t.Context(), server, "-addr", "127.0.0.1:0"))
	out, err := exec.CommandContext(t.Context(), pulse, "-addr", addr, "-latency", "-big", "1000", "-i", "1", "-l", "0.2", "-small", "0").CombinedOutput()
	if err != nil {
		t.Errorf("pulse: %v", err)
	}
	if !regexp.MustCompile(`^big 1/1: 1000 connected in [\d.]+ s, served in [\d.]+ ms \(p50\), [\d.]+ ms \(p99\), held 0.2 s, 0 refused, 0 lost\n`).Match(out) {
		t.Errorf("pulse said\n%s", out)
	}
	log.await(t, `Cycle #  1:     0 clients`)
	if got, want := cycles(t, log.String())[1], []int{500, 1000, 500, 0}; !slices.Equal(got, want) {
		t.Errorf("the server logged clients %v, want %v", got, want)
	}
}

// The server counts what the pulse claims: one source address has about 28,000
// ports, so 100,000 connections prove that several are used.
func TestOneHundredThousandConnections(t *testing.T) {
	if testing.Short() {
		t.Skip("100,000 connections take a while: not with -short")
	}
	const conns, files = 100_000, 100_100
	if out, err := underLimit(t, files, "true").CombinedOutput(); err != nil {
		t.Skipf("needs a limit of %d open files for two processes: %s", files, bytes.TrimSpace(out))
	}
	server, pulse := build(t)
	log, addr := startServer(t, underLimit(t, files, server, "-addr", "127.0.0.1:0", "-every", "50000"))
	out, err := underLimit(t, files, pulse, "-addr", addr, "-big", strconv.Itoa(conns), "-i", "1", "-l", "2", "-small", "0").CombinedOutput()
	if err != nil {
		t.Errorf("pulse: %v\n%s", err, out)
	}
	log.await(t, `Cycle #  1:     0 clients`)
	if got, want := cycles(t, log.String())[1], []int{50_000, 100_000, 50_000, 0}; !slices.Equal(got, want) {
		t.Errorf("the server logged clients %v, want %v", got, want)
	}
}
