package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"whyres/collector/explain/clock"
	"whyres/collector/kernel"
	"whyres/collector/mem"
	"whyres/collector/record"
)

// clockSpan is how long the servers are traced: from the pulse on two GCs that
// are forced after two minutes each, one more minute until the scavenger is woken,
// and what each of them may come later.
const clockSpan = 6 * time.Minute

// The scenario that started it all, in real time: a server takes 10,000
// connections, they go, it idles; whyres says when its memory goes back. The
// oracle is RES as the kernel shows it to this test. WHYRES_CLOCK=1 runs it.
func TestForecastInRealTime(t *testing.T) {
	if os.Getenv("WHYRES_CLOCK") == "" {
		t.Skip("takes six minutes: make test-clock")
	}
	privileged(t)
	var all []*clockRun
	var end sync.WaitGroup
	for _, toolchain := range []string{"go1.21.13", "go1.24.13", "local", "go1.27.4"} {
		r := startClockRun(t, buildServer(t, toolchain), toolchain)
		all = append(all, r)
		end.Go(r.follow)
	}
	for _, r := range all { // one load at a time
		r.pulse(t)
	}
	end.Wait()
	t.Log("Go         after made at  said MiB  from   to     or from  to     left from  to     MiB")
	for _, r := range all {
		r.check(t)
	}
}

// buildServer builds the seed's server with the toolchain, outside of the module.
func buildServer(t *testing.T, toolchain string) string {
	t.Helper()
	dir := t.TempDir()
	write := func(name string, text []byte) {
		path := filepath.Join(dir, name)
		if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o755), os.WriteFile(path, text, 0o600)); err != nil {
			t.Fatal(err)
		}
	}
	write("go.mod", []byte("module whyres\n\ngo 1.21\n"))
	sources, err := filepath.Glob("../../server/*.go")
	if err != nil || len(sources) == 0 {
		t.Fatalf("no sources of the server: %v", err)
	}
	for _, path := range append(sources, "../server/main.go") {
		if strings.HasSuffix(path, "_test.go") {
			continue
		}
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		write(strings.TrimPrefix(strings.Replace(path, "../server/main.go", "main/main.go", 1), "../../"), text)
	}
	cmd := exec.Command("go", "build", "-o", "clockserver", "./main")
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "PWD="+dir, "GOROOT=", "GOFLAGS=-tags=clock", "GOTOOLCHAIN="+toolchain, "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("go build with %s: %v\n%s", toolchain, err, out)
	}
	return filepath.Join(dir, "clockserver")
}

// clockRun is one server, traced.
type clockRun struct {
	toolchain, address, recording string
	pid                           int
	trace                         *exec.Cmd
	begun                         mem.Instant
	levels                        []level // what the kernel said of RES
}

// level is RES at an instant.
type level struct {
	at  mem.Instant
	res int64
}

func startClockRun(t *testing.T, program, toolchain string) *clockRun {
	t.Helper()
	server := exec.Command(program, "-addr", "127.0.0.1:0")
	log, err := server.StderrPipe()
	if err == nil {
		err = server.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = server.Process.Kill(); _ = server.Wait() })
	lines := bufio.NewReader(log)
	line, err := lines.ReadString('\n')
	address := regexp.MustCompile(`127\.0\.0\.1:\d+`).FindString(line)
	if err != nil || address == "" {
		t.Fatalf("the server says %q, %v: no address", line, err)
	}
	go func() { _, _ = io.Copy(io.Discard, lines) }()
	r := &clockRun{
		toolchain: toolchain, address: address, pid: server.Process.Pid, begun: kernel.Now(),
		recording: filepath.Join(t.TempDir(), "recording"),
	}
	r.trace = exec.Command(built().whyres, "trace", "-p", strconv.Itoa(r.pid), "--for", clockSpan.String(), "-o", r.recording)
	if err := r.trace.Start(); err != nil {
		t.Fatal(err)
	}
	return r
}

// follow notes RES until the trace ends.
func (r *clockRun) follow() {
	done := make(chan struct{})
	go func() { defer close(done); _ = r.trace.Wait() }()
	for ticks := time.NewTicker(100 * time.Millisecond); ; {
		select {
		case <-done:
			return
		case <-ticks.C:
			text, err := os.ReadFile(fmt.Sprintf("/proc/%d/statm", r.pid))
			if fields := strings.Fields(string(text)); err == nil && len(fields) > 1 {
				pages, _ := strconv.ParseInt(fields[1], 10, 64)
				r.levels = append(r.levels, level{kernel.Now(), pages * int64(os.Getpagesize())})
			}
		}
	}
}

// pulse is 10,000 connections, held for four seconds.
func (r *clockRun) pulse(t *testing.T) {
	t.Helper()
	cmd := exec.Command(filepath.Join(os.Getenv(binariesEnv), "pulse"), "-addr", r.address, "-big", "10000", "-i", "1", "-small", "0")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("pulse: %v\n%s", err, out)
	}
}

// drop is how much RES fell within some time, and when that began and ended.
func (r *clockRun) drop(from, to mem.Instant) (bytes int64, first, last mem.Instant) {
	var before *level
	for i := range r.levels {
		l := &r.levels[i]
		if l.at < from || l.at > to {
			continue
		}
		if before != nil && before.res-l.res > 64<<10 {
			bytes += before.res - l.res
			if first == 0 {
				first = l.at
			}
			last = l.at
		}
		before = l
	}
	return bytes, first, last
}

// check prints every forecast of the recording: all that told bytes and a time must
// be true of the one great fall of RES, though only the last was left to be judged.
func (r *clockRun) check(t *testing.T) {
	made, last := r.forecasts(t)
	if last == nil || !last.Held {
		t.Errorf("%s: no forecast has held: %+v", r.toolchain, last)
		return
	}
	left, first, end := r.drop(last.First.Add(-time.Second), last.Last.Add(time.Second))
	for _, m := range made {
		t.Log(r.row(m, left, first, end))
		in := m.When
		if m.Sooner.Known() && end < m.When.From {
			in = m.Sooner
		}
		if first < in.From || end > in.To {
			t.Errorf("%s: the forecast made at %.1f s does not hold the release", r.toolchain, m.At.Sub(r.begun).Seconds())
		}
		if m.When.To.Sub(m.When.From) > 30*time.Second || m.Sooner.To.Sub(m.Sooner.From) > 30*time.Second {
			t.Errorf("%s: its time is too wide: %+v", r.toolchain, m)
		}
		if off := max(m.Bytes, left) - min(m.Bytes, left); left < 10<<20 || off > left/10 {
			t.Errorf("%s: it said %d bytes, RES fell by %d", r.toolchain, m.Bytes, left)
		}
	}
}

func (r *clockRun) row(m *clock.Made, left int64, first, last mem.Instant) string {
	at := func(i mem.Instant) string {
		if i == 0 {
			return "-"
		}
		return fmt.Sprintf("%.1f", i.Sub(r.begun).Seconds())
	}
	mibs := func(n int64) float64 { return float64(n) / (1 << 20) }
	after := "-"
	if m.AfterGC != 0 {
		after = fmt.Sprintf("GC %d", m.AfterGC)
	}
	return fmt.Sprintf("%-10s %-5s %-8s %-9.1f %-6s %-6s %-8s %-6s %-10s %-6s %.1f", r.toolchain, after, at(m.At), mibs(m.Bytes),
		at(m.When.From), at(m.When.To), at(m.Sooner.From), at(m.Sooner.To), at(first), at(last), mibs(left))
}

// forecasts are those of bytes and a time that the recording made, by the code that
// made them live, and the outcome of the last.
func (r *clockRun) forecasts(t *testing.T) (made []*clock.Made, last *clock.Outcome) {
	t.Helper()
	file, err := os.Open(r.recording)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	reader, err := record.NewReader(file)
	if err != nil {
		t.Fatal(err)
	}
	defer reader.Close()
	var w clock.Watch
	for {
		f, err := reader.Next()
		if errors.Is(err, io.EOF) {
			return made, last
		}
		if err != nil {
			t.Fatal(err)
		}
		for _, s := range w.Frame(f) {
			switch {
			case s.Outcome != nil:
				last = s.Outcome
			case s.Made.Bytes > 0 && s.Made.When.Known():
				made = append(made, s.Made)
			}
		}
	}
}
