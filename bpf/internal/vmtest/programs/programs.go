// Package programs builds what the tests of vmtest run: whyres itself, the
// experiment's two programs, and Go targets built with releases of Go far apart.
// The machine that the tests run in has no toolchain.
//
// It may import the standard library.
package programs

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// Toolchains that targets are built with: one that puts huge pages and lazy freeing
// to use differently from today's, and today's.
func Toolchains() []string { return []string{"go1.16.15", "go1.27.4"} }

// Target is the file name of the target that the toolchain built.
func Target(toolchain string) string { return "rest-" + toolchain }

// packages of this module, each built under its last name.
func packages() []string {
	return []string{"whyres/cmd/whyres", "whyres/cmd/server", "whyres/cmd/pulse", "whyres/collector/discover/testdata/sleeper"}
}

// Build puts all programs into dir: static, for amd64, whatever this machine is.
func Build(ctx context.Context, dir string) error {
	args := append([]string{"build", "-trimpath", "-o", dir + string(filepath.Separator)}, packages()...)
	if _, err := run(ctx, "", nil, args...); err != nil {
		return err
	}
	root, err := run(ctx, "", nil, "list", "-f", "{{.Dir}}", "whyres/collector/target")
	if err != nil {
		return err
	}
	source := filepath.Join(strings.TrimSpace(root), "testdata", "rest", "main.go")
	for _, toolchain := range Toolchains() {
		if err := buildTarget(ctx, source, toolchain, filepath.Join(dir, Target(toolchain))); err != nil {
			return err
		}
	}
	return nil
}

// buildTarget builds outside of the module, so that any toolchain will do: an old
// one wants file names, and none of the flags in the user's settings (an empty
// GOFLAGS would bring them back).
func buildTarget(ctx context.Context, source, toolchain, to string) error {
	work, err := os.MkdirTemp("", "target")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(work) }()
	text, err := os.ReadFile(source)
	if err != nil {
		return err
	}
	for name, content := range map[string][]byte{"main.go": text, "go.mod": []byte("module rest\n\ngo 1.12\n")} {
		if err := os.WriteFile(filepath.Join(work, name), content, 0o600); err != nil {
			return err
		}
	}
	env := []string{"PWD=" + work, "GOROOT=", "GOFLAGS=-tags=rest", "GOTOOLCHAIN=" + toolchain}
	if _, err = run(ctx, work, env, "build", "-o", to, "main.go"); err != nil {
		return fmt.Errorf("with %s: %w", toolchain, err)
	}
	return nil
}

// run runs the go command; its errors carry what it complained of.
func run(ctx context.Context, dir string, env []string, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, "go", args...)
	cmd.Dir = dir
	cmd.Env = append(append(os.Environ(), "CGO_ENABLED=0", "GOOS=linux", "GOARCH=amd64", "GOAMD64=v1"), env...)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		return "", fmt.Errorf("go %s: %w\n%s", args[0], err, bytes.TrimSpace(stderr.Bytes()))
	}
	return string(out), nil
}
