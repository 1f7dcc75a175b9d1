package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

func nobody() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 65534, Gid: 65534}}
}

// Bad input of explain: one clear line, the right exit code.
func TestExplainBadInput(t *testing.T) {
	privileged(t)
	subject := startSubject(t, "sleep").Process.Pid
	time.Sleep(200 * time.Millisecond)
	sleeper := strconv.Itoa(subject)
	hidden := []string{"unshare", "-m", "sh", "-c", `mount -t proc -o hidepid=2 none /proc && exec setpriv --reuid=65534 --regid=65534 --clear-groups "$@"`, "sh"}
	for _, tt := range []struct {
		name string
		args []string
		via  []string
		attr *syscall.SysProcAttr
		code int
		says string
	}{
		{name: "no process named", code: 2, says: "wants -p"},
		{name: "no number", args: []string{"-p", "server"}, code: 2, says: `"server"`},
		{name: "zero", args: []string{"-p", "0"}, code: 2, says: "want a process's number"},
		{name: "negative", args: []string{"-p", "-7"}, code: 2, says: "want a process's number"},
		{name: "huge", args: []string{"-p", "99999999999999999999"}, code: 2, says: "9999"},
		{name: "an argument", args: []string{"-p", sleeper, "more"}, code: 2, says: `"more"`},
		{name: "unknown flag", args: []string{"--nope"}, code: 2, says: "unknown flag"},
		{name: "colour", args: []string{"--color", "blue", "-p", sleeper}, code: 2, says: "auto, always or never"},
		{name: "watch too often", args: []string{"--watch", "1ms", "-p", sleeper}, code: 2, says: "100ms or more"},
		{name: "watch never", args: []string{"--watch", "0", "-p", sleeper}, code: 2, says: "100ms or more"},
		{name: "no URL", args: []string{"--expvar", "localhost:8080", "-p", sleeper}, code: 2, says: "http://localhost:8080/debug/vars"},
		{name: "nobody answers", args: []string{"--expvar", "http://127.0.0.1:1", "-p", sleeper}, code: 1, says: "http://127.0.0.1:1/debug/vars cannot be asked"},
		{name: "no such process", args: []string{"-p", "4194000"}, code: 4, says: "there is no process 4194000"},
		{name: "kernel thread", args: []string{"-p", "2"}, code: 1, says: "kernel thread"},
		{name: "thread", args: []string{"-p", aThread(t, subject)}, code: 1, says: "is a thread of process " + sleeper},
		{name: "zombie", args: []string{"-p", zombie(t)}, code: 4, says: "has ended and waits for its parent"},
		{name: "32 bits", args: []string{"-p", start32Bit(t)}, code: 1, says: "is a 32-bit program"},
		{name: "another user's", args: []string{"-p", sleeper}, attr: nobody(), code: 3, says: "run with sudo, or grant CAP_SYS_PTRACE"},
		{name: "another user's, hidden", args: []string{"-p", sleeper}, via: hidden, code: 3, says: "run with sudo, or grant CAP_SYS_PTRACE"},
		{name: "gone, and others hidden", args: []string{"-p", "4194000"}, via: hidden, code: 4, says: "there is no process"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			argv := append(append([]string{}, tt.via...), built().whyres, "explain")
			argv = append(argv, tt.args...)
			cmd := exec.Command(argv[0], argv[1:]...)
			cmd.SysProcAttr, cmd.Dir = tt.attr, "/"
			got := execute(t, cmd)
			if got.code != tt.code || got.out != "" {
				t.Errorf("exit %d, want %d, and no output: %s", got.code, tt.code, got.out)
			}
			if strings.Count(got.err, "\n") != 1 || !strings.HasPrefix(got.err, "whyres: ") || !strings.Contains(got.err, tt.says) {
				t.Errorf("want one line that says %q, got:\n%s", tt.says, got.err)
			}
		})
	}
}

// aThread is the number of a thread of the process that is not its first.
func aThread(t *testing.T, pid int) string {
	t.Helper()
	tasks, err := os.ReadDir(fmt.Sprintf("/proc/%d/task", pid))
	if err != nil {
		t.Fatal(err)
	}
	for _, task := range tasks {
		if task.Name() != strconv.Itoa(pid) {
			return task.Name()
		}
	}
	t.Fatalf("process %d has one thread only", pid)
	return ""
}

// zombie is a process that has ended and is not waited for until the test is
// over.
func zombie(t *testing.T) string {
	t.Helper()
	cmd := exec.Command("true")
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cmd.Wait() })
	time.Sleep(200 * time.Millisecond)
	return strconv.Itoa(cmd.Process.Pid)
}

func start32Bit(t *testing.T) string {
	t.Helper()
	program := filepath.Join(t.TempDir(), "subject32")
	build := exec.Command("go", "build", "-o", program, "./testdata/subject")
	build.Env = append(os.Environ(), "GOARCH=386", "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	cmd := exec.Command(program, "sleep")
	if err := cmd.Start(); err != nil {
		t.Skipf("this machine runs no 32-bit programs: %v", err)
	}
	t.Cleanup(func() { _ = cmd.Process.Kill(); _ = cmd.Wait() })
	time.Sleep(200 * time.Millisecond)
	return strconv.Itoa(cmd.Process.Pid)
}
