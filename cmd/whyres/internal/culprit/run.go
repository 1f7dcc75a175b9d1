package culprit

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
)

// Build compiles the culprit into dir with that toolchain ("go1.21.0", Local),
// outside of any module, so that old ones will do.
func (c Culprit) Build(ctx context.Context, toolchain, dir string) (program string, err error) {
	sources, err := filepath.Glob(filepath.Join(c.Dir, "*.go"))
	if err != nil {
		return "", err
	}
	cgo := "CGO_ENABLED=0"
	if slices.Contains(c.Needs, "gcc") {
		cgo = "CGO_ENABLED=1"
	}
	names := make([]string, 0, len(sources))
	for _, source := range sources {
		text, err := os.ReadFile(source)
		if err != nil {
			return "", err
		}
		if err := os.WriteFile(filepath.Join(dir, filepath.Base(source)), text, 0o600); err != nil {
			return "", err
		}
		names = append(names, filepath.Base(source))
	}
	if err := os.WriteFile(filepath.Join(dir, "go.mod"), []byte("module culprit\n\ngo 1.12\n"), 0o600); err != nil {
		return "", err
	}
	program = filepath.Join(dir, c.Name)
	cmd := exec.CommandContext(ctx, "go", slices.Concat([]string{"build", "-o", program}, c.BuildArgs, names)...)
	cmd.Dir = dir
	// Old toolchains know neither DWARF 5, the C compiler's default, nor the
	// flags that the user's GOFLAGS may hold.
	cmd.Env = append(os.Environ(), "PWD="+dir, "GOROOT=", "GOFLAGS=-tags=culprit", "GOTOOLCHAIN="+toolchain, cgo, "CGO_CFLAGS=-g -O2 -gdwarf-4")
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("building the culprit %s with %s: %w\n%s", c.Name, toolchain, err, out)
	}
	return program, nil
}

// Running is a culprit that runs. Its owner calls Make once, and Stop.
type Running struct {
	PID   int
	cmd   *exec.Cmd
	stdin io.WriteCloser
	says  *bufio.Reader
}

// Start starts the program, which waits until it is told to make its memory. It
// is killed when ctx ends.
func (c Culprit) Start(ctx context.Context, program string) (*Running, error) {
	cmd := exec.CommandContext(ctx, program, c.Args...)
	cmd.Env = os.Environ()
	for name, value := range c.Env {
		cmd.Env = append(cmd.Env, name+"="+value)
	}
	cmd.Stderr = os.Stderr
	// A Ctrl-C is for who started it: it has to stay while it is looked at.
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	stdin, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	return &Running{PID: cmd.Process.Pid, cmd: cmd, stdin: stdin, says: bufio.NewReader(stdout)}, nil
}

// Made is how many bytes a culprit made, and of a mixed one how many for which
// cause.
type Made struct {
	Total int64            `json:"made"`
	Parts map[string]int64 `json:"parts,omitempty"`
}

// Make has it make its memory, and returns how much it made.
func (r *Running) Make() (made Made, err error) {
	if _, err := io.WriteString(r.stdin, "\n"); err != nil {
		return made, err
	}
	line, err := r.says.ReadBytes('\n')
	if err != nil {
		return made, fmt.Errorf("the culprit ended before it said what it made: %w", err)
	}
	if err := json.Unmarshal(line, &made); err != nil {
		return made, fmt.Errorf("the culprit said %q: %w", strings.TrimSpace(string(line)), err)
	}
	return made, nil
}

// Stop ends it.
func (r *Running) Stop() {
	_ = r.stdin.Close()
	_ = r.cmd.Process.Kill()
	_ = r.cmd.Wait()
}
