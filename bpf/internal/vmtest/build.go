package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// errNoTests: none of the packages has a test file.
var errNoTests = errors.New("no tests in these packages")

const guestPackage = "whyres/bpf/internal/vmtest/guest"

// goPackage is what go list says of a package.
type goPackage struct {
	ImportPath, Dir           string
	TestGoFiles, XTestGoFiles []string
}

// builder compiles for the guest: static, for amd64, into dir.
type builder struct {
	dir    string
	stderr io.Writer
}

// guest compiles PID 1.
func (b *builder) guest(ctx context.Context) (string, error) {
	out := filepath.Join(b.dir, "init")
	_, err := b.run(ctx, "build", "-o", out, guestPackage)
	return out, err
}

// compiled is a package's test binary on the host.
type compiled struct {
	goPackage
	binary string
}

// tests compiles the tests of the packages that the patterns mean.
func (b *builder) tests(ctx context.Context, patterns []string) ([]compiled, error) {
	all, err := b.list(ctx, patterns)
	if err != nil {
		return nil, err
	}
	var out []compiled
	for _, p := range all {
		if len(p.TestGoFiles)+len(p.XTestGoFiles) == 0 {
			continue
		}
		binary := filepath.Join(b.dir, fmt.Sprintf("%d.test", len(out)))
		if _, err := b.run(ctx, "test", "-c", "-o", binary, p.ImportPath); err != nil {
			return nil, err
		}
		out = append(out, compiled{p, binary})
	}
	if len(out) == 0 {
		return nil, fmt.Errorf("%w: %s", errNoTests, strings.Join(patterns, " "))
	}
	return out, nil
}

func (b *builder) list(ctx context.Context, patterns []string) ([]goPackage, error) {
	out, err := b.run(ctx, append([]string{"list", "-json=ImportPath,Dir,TestGoFiles,XTestGoFiles", "--"}, patterns...)...)
	if err != nil {
		return nil, err
	}
	var all []goPackage
	for d := json.NewDecoder(bytes.NewReader(out)); ; {
		var p goPackage
		err := d.Decode(&p)
		if errors.Is(err, io.EOF) {
			return all, nil
		}
		if err != nil {
			return nil, fmt.Errorf("go list: %w", err)
		}
		all = append(all, p)
	}
}

func (b *builder) run(ctx context.Context, args ...string) ([]byte, error) {
	cmd := exec.CommandContext(ctx, "go", args...)
	cmd.Stderr = b.stderr
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "GOOS=linux", "GOARCH=amd64", "GOAMD64=v1")
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("go %s: %w", args[0], err)
	}
	return out, nil
}
