// Package product tries whyres as people use it: the program itself, on Go targets of
// different releases, on whatever kernel runs. vmtest boots the kernels; on a plain
// host it runs as root too, and builds what it needs.
//
// The oracles are the kernel's own files, what a target says of itself, and the table
// of what kernels were measured to do.
package product

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"testing"
	"time"

	"whyres/bpf/internal/vmtest/programs"
	"whyres/bpf/internal/vmtest/protocol"
)

func TestMain(m *testing.M) {
	if prebuilt() || os.Geteuid() != 0 { // without root all of them are skipped
		os.Exit(m.Run())
	}
	dir, err := os.MkdirTemp("", "product")
	if err == nil {
		err = errors.Join(programs.Build(context.Background(), dir), os.Setenv(protocol.EnvPrograms, dir))
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	code := m.Run()
	os.RemoveAll(dir)
	os.Exit(code)
}

// prebuilt reports whether all programs are there. Other tests build some of them.
func prebuilt() bool {
	for _, toolchain := range programs.Toolchains() {
		if _, err := os.Stat(program(programs.Target(toolchain))); err != nil {
			return false
		}
	}
	return os.Getenv(protocol.EnvPrograms) != ""
}

func program(name string) string { return filepath.Join(os.Getenv(protocol.EnvPrograms), name) }

func inVM() bool { return os.Getenv(protocol.EnvInVM) != "" }

func privileged(t *testing.T) {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("needs root")
	}
}

// release is the running kernel's version, of uname.
type release struct{ major, minor int }

func running(t *testing.T) release {
	t.Helper()
	text, err := os.ReadFile("/proc/sys/kernel/osrelease")
	if err != nil {
		t.Fatal(err)
	}
	var r release
	if _, err := fmt.Sscanf(string(text), "%d.%d", &r.major, &r.minor); err != nil {
		t.Fatalf("%q: %v", text, err)
	}
	return r
}

func (r release) before(other release) bool {
	return r.major < other.major || r.major == other.major && r.minor < other.minor
}

// whyres runs a command of whyres to its end, and gives what it printed.
func whyres(t *testing.T, args ...string) []byte {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, program("whyres"), args...)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("whyres %v: %v\n%s%s", args, err, out, &stderr)
	}
	return out
}

func decode[T any](t *testing.T, text []byte) T {
	t.Helper()
	var v T
	if err := json.Unmarshal(text, &v); err != nil {
		t.Fatalf("%v in %.300q", err, text)
	}
	return v
}

// keep leaves a file for people, where somebody collects them.
func keep(t *testing.T, name string, content []byte) {
	t.Helper()
	if dir := os.Getenv(protocol.EnvOutput); dir != "" {
		if err := os.WriteFile(filepath.Join(dir, name), content, 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

var rssLine = regexp.MustCompile(`(?m)^Rss: +(\d+) kB$`)

// residentBytes is RES as smaps_rollup counts it: page by page.
func residentBytes(t *testing.T, pid int) int64 {
	t.Helper()
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/smaps_rollup", pid))
	if err != nil {
		t.Fatal(err)
	}
	m := rssLine.FindSubmatch(text)
	if m == nil {
		t.Fatalf("no Rss in %q", text)
	}
	kib, err := strconv.ParseInt(string(m[1]), 10, 64)
	if err != nil {
		t.Fatal(err)
	}
	return kib << 10
}
