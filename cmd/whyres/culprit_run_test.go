package main

import (
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
)

// buildRun builds what make culprit runs.
func buildRun(t *testing.T) string {
	t.Helper()
	program := filepath.Join(t.TempDir(), "run")
	if out, err := exec.Command("go", "build", "-o", program, "./internal/culprit/run").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return program
}

// Without a name all culprits are listed, with what they do.
func TestCulpritList(t *testing.T) {
	all, err := culprit.All("testdata/culprits")
	if err != nil {
		t.Fatal(err)
	}
	run := buildRun(t)
	got := execute(t, exec.Command(run, "-culprits", "testdata/culprits"))
	for _, c := range all {
		if got.code != 0 || !strings.Contains(got.out, c.Name) || !strings.Contains(got.out, c.What) {
			t.Errorf("exit %d, and %s is not listed:\n%s", got.code, c.Name, got.out)
		}
	}
	got = execute(t, exec.Command(run, "-culprits", "testdata/culprits", "nobody"))
	if got.code == 0 || !strings.Contains(got.err, "there is no culprit") {
		t.Errorf("exit %d: %s", got.code, got.err)
	}
}

// A culprit is run and explained, and ended.
func TestCulpritRun(t *testing.T) {
	privileged(t)
	got := execute(t, exec.Command(buildRun(t), "-culprits", "testdata/culprits", "-whyres", built().whyres, "offheap-mmap"))
	if got.code != 0 {
		t.Fatalf("exit %d: %s", got.code, got.err)
	}
	// What it made, and that whyres says so of that process.
	made := regexp.MustCompile(`# process (\d+) made 64\.0 MiB for offheap-mmap`).FindStringSubmatch(got.err)
	if made == nil || !strings.Contains(got.out, "pid "+made[1]) || !strings.Contains(got.out, "offheap-mmap") || !strings.Contains(got.out, "64.0 MiB") {
		t.Fatalf("it says\n%s%s", got.err, got.out)
	}
	checkGone(t, made[1])
}

// Ctrl-C ends whyres, with its verdict, and the culprit.
func TestCulpritInterrupt(t *testing.T) {
	privileged(t)
	dir := t.TempDir()
	program, err := os.ReadFile("testdata/culprits/offheap-mmap/main.go")
	if err != nil {
		t.Fatal(err)
	}
	what := `{"cause": "offheap-mmap", "what": "slow", "see": "trace", "settle": "10m", "confidence": "proved", "within": 5}`
	for name, text := range map[string]string{"main.go": string(program), "culprit.json": what} {
		path := filepath.Join(dir, "slow", name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	cmd := exec.Command(buildRun(t), "-culprits", dir, "-whyres", built().whyres, "slow")
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	got := executeAnd(t, cmd, 20*time.Second, func(p *os.Process) {
		if err := syscall.Kill(-p.Pid, syscall.SIGINT); err != nil { // all of the group, as a terminal does
			t.Error(err)
		}
	})
	made := regexp.MustCompile(`# process (\d+) made`).FindStringSubmatch(got.err)
	if got.code != 0 || made == nil || !strings.Contains(got.out, "mmap") || !strings.Contains(got.out, "RES") {
		t.Fatalf("exit %d: %s\n%s", got.code, got.err, got.out)
	}
	checkGone(t, made[1])
}

func checkGone(t *testing.T, text string) {
	t.Helper()
	pid, err := strconv.Atoi(text)
	if err != nil {
		t.Fatal(err)
	}
	if err := syscall.Kill(pid, 0); err != syscall.ESRCH {
		t.Errorf("the culprit is still there: %v", err)
	}
}
