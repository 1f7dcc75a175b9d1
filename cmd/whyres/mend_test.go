package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"
)

func TestFullDiskEndsTheRecordingNotTheTrace(t *testing.T) {
	privileged(t)
	got := execute(t, exec.Command(built().whyres, "trace", "--force", "-o", "/dev/full", "--", built().subject, "churn"))
	if got.code != 1 || strings.Count(got.err, "whyres: ") != 1 || !strings.Contains(got.err, "no room to record") {
		t.Errorf("exit %d: %s", got.code, got.err)
	}
	if !strings.Contains(got.out, "exited") || !strings.Contains(got.out, "lost events 0") {
		t.Errorf("the trace did not go on to its end:\n%s", got.out)
	}
}

// Containers start most servers by a shell that replaces itself.
func TestShellThatReplacesItself(t *testing.T) {
	privileged(t)
	got := execute(t, exec.Command(built().whyres, "trace", "--json", "--for", "2s", "--",
		"sh", "-c", `sleep 0.3; exec "$0" rest`, built().subject))
	if got.code != 0 {
		t.Fatalf("exit %d: %s", got.code, got.err)
	}
	objects := lines(t, got.out)
	process := last(t, objects, "verdict")["process"].(map[string]any)
	if process["go_version"] != runtime.Version() || process["comm"] != "subject" || process["exe"] != built().subject {
		t.Errorf("in the end it is %v", process)
	}
	header := objects[0]["process"].(map[string]any)
	if header["go_version"] != "" {
		t.Errorf("in the beginning it was %v", header)
	}
	if last(t, objects, "sample")["memstats"] == nil {
		t.Error("the runtime of the new program was not read")
	}
}

func TestSecondSignalEndsWhyresAtOnce(t *testing.T) {
	privileged(t)
	reader, writer, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer reader.Close() // read by nobody: whyres blocks in writing
	cmd := exec.Command(built().whyres, "trace", "--json", "--", built().subject, "storms")
	cmd.Stdout = writer
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	writer.Close()
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	for range 2 {
		time.Sleep(1500 * time.Millisecond)
		if err := cmd.Process.Signal(os.Interrupt); err != nil {
			t.Fatal(err)
		}
	}
	select {
	case <-ended:
	case <-time.After(5 * time.Second):
		_ = cmd.Process.Kill()
		t.Fatal("two interrupts did not end it")
	}
	for range 100 {
		if out, _ := exec.Command("pgrep", "-f", "subject storms$").Output(); len(out) == 0 {
			noneLeft(t)
			return
		}
		time.Sleep(20 * time.Millisecond)
	}
	t.Error("the command is still running")
}

func TestOverwrittenFilesKeepTheirOwner(t *testing.T) {
	privileged(t)
	sleeper := startSubject(t, "sleep").Process.Pid
	dir := t.TempDir()
	fresh, old := filepath.Join(dir, "fresh"), filepath.Join(dir, "old")
	if err := os.WriteFile(old, []byte("old"), 0o600); err != nil {
		t.Fatal(err)
	}
	for file, owner := range map[string]uint32{fresh: 65534, old: 0} {
		cmd := exec.Command(built().whyres, "trace", "--for", "500ms", "--force", "-o", file, "-p", text(float64(sleeper)))
		cmd.Env = append(os.Environ(), "SUDO_UID=65534", "SUDO_GID=65534", "SUDO_USER=nobody")
		if got := execute(t, cmd); got.code != 0 {
			t.Fatalf("exit %d: %s", got.code, got.err)
		}
		info, err := os.Stat(file)
		if err != nil {
			t.Fatal(err)
		}
		if uid := info.Sys().(*syscall.Stat_t).Uid; uid != owner || info.Size() < 100 {
			t.Errorf("%s is of user %d, %d bytes", filepath.Base(file), uid, info.Size())
		}
	}
}
