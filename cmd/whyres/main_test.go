package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// binaries is where the programs that the tests run were built: whyres, and the
// subject that is traced. make test builds them before it becomes root.
type binaries struct{ whyres, subject string }

const binariesEnv = "WHYRES_TEST_BINARIES"

func TestMain(m *testing.M) {
	if os.Getenv(binariesEnv) != "" {
		os.Exit(m.Run())
	}
	dir, err := os.MkdirTemp("", "whyres-test")
	if err == nil {
		err = buildAll(dir)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	os.Setenv(binariesEnv, dir)
	code := m.Run()
	os.RemoveAll(dir)
	os.Exit(code)
}

// buildAll builds for everybody to run.
func buildAll(dir string) error {
	cmd := exec.Command("go", "build", "-o", dir+"/", ".", "../server", "../pulse", "./testdata/subject")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("build: %w\n%s", err, out)
	}
	return os.Chmod(dir, 0o755)
}

func built() binaries {
	dir := os.Getenv(binariesEnv)
	return binaries{filepath.Join(dir, "whyres"), filepath.Join(dir, "subject")}
}

// privileged skips without root; make test runs these again through sudo.
func privileged(t *testing.T) {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("needs root: run make test")
	}
}

// need skips where a program is not installed; CI installs them all and sets
// WHYRES_NEED so that nothing is skipped there.
func need(t *testing.T, program string) {
	t.Helper()
	if _, err := exec.LookPath(program); err != nil {
		if os.Getenv("WHYRES_NEED") != "" {
			t.Fatalf("%s is not installed", program)
		}
		t.Skipf("%s is not installed", program)
	}
}

// startSubject starts a subject by itself.
func startSubject(t *testing.T, name string) *exec.Cmd {
	t.Helper()
	cmd := exec.Command(built().subject, name)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cmd.Process.Kill(); _ = cmd.Wait() })
	return cmd
}

// ended is how a run of whyres ended.
type ended struct {
	out, err string
	code     int
}

func execute(t *testing.T, cmd *exec.Cmd) ended {
	t.Helper()
	return executeAnd(t, cmd, time.Minute, func(*os.Process) {})
}

// executeAnd does something to the process if it runs that long.
func executeAnd(t *testing.T, cmd *exec.Cmd, after time.Duration, do func(*os.Process)) ended {
	t.Helper()
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	timer := time.AfterFunc(after, func() { do(cmd.Process) })
	defer timer.Stop()
	err := cmd.Wait()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	return ended{out.String(), errs.String(), cmd.ProcessState.ExitCode()}
}

// lines decodes JSON lines.
func lines(t *testing.T, text string) []map[string]any {
	t.Helper()
	var out []map[string]any
	scan := bufio.NewScanner(strings.NewReader(text))
	scan.Buffer(nil, 16<<20)
	for scan.Scan() {
		var object map[string]any
		if err := json.Unmarshal(scan.Bytes(), &object); err != nil {
			t.Fatalf("not JSON: %v: %.200s", err, scan.Text())
		}
		out = append(out, object)
	}
	return out
}

// last is the last object of the type.
func last(t *testing.T, objects []map[string]any, kind string) map[string]any {
	t.Helper()
	for i := len(objects) - 1; i >= 0; i-- {
		if objects[i]["type"] == kind {
			return objects[i]
		}
	}
	t.Fatalf("no line of type %s", kind)
	return nil
}
