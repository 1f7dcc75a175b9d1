package main

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// watchFor runs explain --watch until it has looked for so long, then presses
// Ctrl-C.
func watchFor(t *testing.T, d time.Duration, pid int, more ...string) ended {
	t.Helper()
	args := append([]string{"explain", "--watch", "200ms", "-p", strconv.Itoa(pid)}, more...)
	return executeAnd(t, exec.Command(built().whyres, args...), d, func(p *os.Process) { _ = p.Signal(os.Interrupt) })
}

func TestExplainWatchesIntoAPipe(t *testing.T) {
	privileged(t)
	target := startSubject(t, "sleep").Process.Pid
	time.Sleep(200 * time.Millisecond)
	got := watchFor(t, time.Second, target)
	if got.code != 0 || got.err != "" || strings.Contains(got.out, "\x1b") {
		t.Errorf("exit %d: %s%q", got.code, got.err, got.out)
	}
	looks := strings.Split(got.out, "\n\nsubject · pid ")
	if len(looks) < 3 || len(looks) > 6 {
		t.Errorf("%d looks in a second, one each 0.2 s:\n%s", len(looks), got.out)
	}
	change := regexp.MustCompile(`RES \d+\.\d MiB, (unchanged|[+-]\d+\.\d) in 0\.[2-9] s\n`)
	for i, look := range looks {
		if change.MatchString(look) != (i > 0) {
			t.Errorf("look %d: the change since the one before:\n%s", i+1, look)
		}
	}
}

// A shell that becomes a Go program while it is watched.
func TestExplainWatchesAnExec(t *testing.T) {
	privileged(t)
	shell := exec.Command("sh", "-c", `sleep 0.7; exec "$0" sleep`, built().subject)
	shell.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := shell.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = syscall.Kill(-shell.Process.Pid, syscall.SIGKILL); _ = shell.Wait() })
	time.Sleep(100 * time.Millisecond)
	got := watchFor(t, 2*time.Second, shell.Process.Pid, "--json")
	if got.code != 0 || got.err != "" {
		t.Fatalf("exit %d: %s", got.code, got.err)
	}
	objects := lines(t, got.out)
	for i, want := range map[int][2]any{0: {"", "none"}, len(objects) - 1: {runtime.Version(), "memory"}} {
		process, stats := objects[i]["process"].(map[string]any), objects[i]["memstats"].(map[string]any)
		if process["go_version"] != want[0] || stats["source"] != want[1] {
			t.Errorf("look %d of %d: %v, MemStats from %v, want %v", i+1, len(objects), process, stats["source"], want)
		}
		checkLedger(t, objects[i])
	}
}

// A Go program that becomes one that is not.
func TestExplainWatchesAnExecOfAnother(t *testing.T) {
	privileged(t)
	target := startSubject(t, "sleeper")
	time.Sleep(100 * time.Millisecond)
	got := watchFor(t, 2*time.Second, target.Process.Pid, "--json")
	if got.code != 0 || got.err != "" {
		t.Fatalf("exit %d: %s", got.code, got.err)
	}
	objects := lines(t, got.out)
	for i, want := range map[int]string{0: runtime.Version(), len(objects) - 1: ""} {
		if process := objects[i]["process"].(map[string]any); process["go_version"] != want {
			t.Errorf("look %d of %d: %v, want Go version %q", i+1, len(objects), process, want)
		}
		checkLedger(t, objects[i])
	}
}

func TestExplainWatchesUntilTheEnd(t *testing.T) {
	privileged(t)
	target := startSubject(t, "sleep")
	time.Sleep(200 * time.Millisecond)
	time.AfterFunc(700*time.Millisecond, func() { _ = target.Process.Kill() })
	got := watchFor(t, time.Minute, target.Process.Pid)
	if got.code != 4 || strings.Count(got.err, "\n") != 1 || !strings.Contains(got.err, "is gone") || !strings.Contains(got.out, "Why: ") {
		t.Errorf("exit %d: %s%s", got.code, got.err, got.out)
	}
}

// On a terminal a look is drawn over the one before; it fits, and the screen
// stays the user's own.
func TestExplainWatchesOnATerminal(t *testing.T) {
	privileged(t)
	target := startSubject(t, "sleep").Process.Pid
	time.Sleep(200 * time.Millisecond)
	for _, tt := range []struct {
		name       string
		env        string
		rows       uint16
		has, hasNo string
	}{
		{"usual", "TERM=xterm", 60, "code, constants and variables", "\x1b[?"},
		{"low", "TERM=xterm", 12, "\x1b[J", "code, constants"},
		{"dumb", "TERM=dumb", 60, "RES", "\x1b"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got := onTerminal(t, 80, tt.rows, tt.env, built().whyres, "explain", "--watch", "200ms", "-p", strconv.Itoa(target))
			if !strings.Contains(got, tt.has) || strings.Contains(got, tt.hasNo) {
				t.Errorf("want %q and no %q:\n%q", tt.has, tt.hasNo, got)
			}
			looks := strings.Split(got, "\x1b[H")[1:]
			if tt.env != "TERM=dumb" && len(looks) < 3 {
				t.Errorf("%d looks in a second:\n%q", len(looks), got)
			}
			for _, look := range looks {
				if n := strings.Count(look, "\n"); n >= int(tt.rows) {
					t.Errorf("%d lines on %d rows", n, tt.rows)
				}
				if !strings.Contains(look, "subject · pid ") {
					t.Errorf("a look without its head: %q", look)
				}
			}
		})
	}
}

// onTerminal runs a command for a second on a terminal of its own, ends it by
// Ctrl-C, and returns what it wrote.
func onTerminal(t *testing.T, columns, rows uint16, env string, argv ...string) string {
	t.Helper()
	master, slave := terminal(t, columns, rows)
	var out bytes.Buffer
	var reading sync.WaitGroup
	reading.Go(func() { _, _ = out.ReadFrom(master) }) // ends with EIO when nobody holds the other end
	cmd := exec.Command(argv[0], argv[1:]...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = slave, slave, slave
	cmd.Env = append(os.Environ(), env, "NO_COLOR=1", "LANG=C.UTF-8")
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	slave.Close()
	time.Sleep(time.Second)
	if _, err := master.WriteString("\x03"); err != nil { // Ctrl-C, by the terminal
		t.Error(err)
	}
	if err := cmd.Wait(); err != nil {
		t.Errorf("%v", err)
	}
	reading.Wait()
	return strings.ReplaceAll(out.String(), "^C", "") // the terminal's echo
}

// terminal opens a pseudo terminal (pty(7)).
func terminal(t *testing.T, columns, rows uint16) (master, slave *os.File) {
	t.Helper()
	master, err := os.OpenFile("/dev/ptmx", os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { master.Close() })
	fd := int(master.Fd())
	if err := unix.IoctlSetPointerInt(fd, unix.TIOCSPTLCK, 0); err != nil {
		t.Fatal(err)
	}
	n, err := unix.IoctlGetInt(fd, unix.TIOCGPTN)
	if err != nil {
		t.Fatal(err)
	}
	if err := unix.IoctlSetWinsize(fd, unix.TIOCSWINSZ, &unix.Winsize{Row: rows, Col: columns}); err != nil {
		t.Fatal(err)
	}
	slave, err = os.OpenFile(fmt.Sprintf("/dev/pts/%d", n), os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	return master, slave
}
