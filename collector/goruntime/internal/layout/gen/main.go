// Command gen writes the table of layouts: it compiles a tiny program with each
// toolchain of a list, for each architecture, and reads where the runtime's
// fields lie from the DWARF of the result. The toolchains come through the Go
// module proxy (GOTOOLCHAIN).
package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"debug/buildinfo"
	"debug/elf"
	"encoding/hex"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"whyres/collector/goruntime/internal/layout"
)

const program = `package main

import "runtime"

var stats runtime.MemStats

func main() {
	runtime.ReadMemStats(&stats)
	println(stats.HeapSys)
}
`

func main() {
	list := flag.String("toolchains", "toolchains.txt", "file with one `toolchain [experiments]` a line")
	out := flag.String("o", "layouts.txt", "the table to write")
	flag.Parse()
	if err := run(context.Background(), *list, *out); err != nil {
		fmt.Fprintln(os.Stderr, "gen:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, list, out string) error {
	text, err := os.ReadFile(list)
	if err != nil {
		return err
	}
	var t table
	for _, line := range strings.Split(string(text), "\n") {
		words := strings.Fields(line)
		if len(words) == 0 || strings.HasPrefix(words[0], "#") {
			continue
		}
		experiments := strings.Join(words[1:], ",")
		for _, arch := range []string{"amd64", "arm64"} {
			if err := t.measure(ctx, words[0], experiments, arch); err != nil {
				return err
			}
		}
	}
	return os.WriteFile(out, t.bytes(), 0o644)
}

// table collects layouts by the hash of their text, in order of appearance.
type table struct {
	layouts map[string]string
	order   []string
	uses    []string
}

func (t *table) measure(ctx context.Context, toolchain, experiments, arch string) error {
	l, version, err := compile(ctx, toolchain, experiments, arch)
	if err != nil {
		return fmt.Errorf("%s %s %s: %w", toolchain, experiments, arch, err)
	}
	v, ok := layout.ParseVersion(version)
	if !ok {
		return fmt.Errorf("%s: says it is %q, not a release", toolchain, version)
	}
	sum := sha256.Sum256([]byte(l.String()))
	id := hex.EncodeToString(sum[:4])
	if t.layouts == nil {
		t.layouts = map[string]string{}
	}
	if _, known := t.layouts[id]; !known {
		t.layouts[id] = l.String()
		t.order = append(t.order, id)
	}
	x := v.Experiments
	if x == "" {
		x = "-"
	}
	v.Experiments = ""
	t.uses = append(t.uses, fmt.Sprintf("use %s %s %s %s\n", v, arch, x, id))
	fmt.Fprintf(os.Stderr, "%s %s %s: layout %s\n", version, arch, x, id)
	return nil
}

func (t *table) bytes() []byte {
	var b bytes.Buffer
	b.WriteString("# Made by gen: do not edit. Offsets and sizes in bytes.\n")
	for _, use := range t.uses {
		b.WriteString(use)
	}
	for _, id := range t.order {
		fmt.Fprintf(&b, "layout %s\n%s", id, t.layouts[id])
	}
	return b.Bytes()
}

func compile(ctx context.Context, toolchain, experiments, arch string) (_ layout.Layout, version string, err error) {
	dir, err := os.MkdirTemp("", "layouts")
	if err != nil {
		return nil, "", err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	files := map[string]string{"main.go": program, "go.mod": "module target\n\ngo 1.12\n"}
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			return nil, "", err
		}
	}
	cmd := exec.CommandContext(ctx, "go", "build", "-o", "target", "main.go")
	cmd.Dir = dir
	// GOROOT= since go generate sets it, to the toolchain that runs it.
	cmd.Env = append(os.Environ(), "PWD="+dir, "GOROOT=", "GOTOOLCHAIN="+toolchain, "GOARCH="+arch, "GOOS=linux", "CGO_ENABLED=0",
		"GOFLAGS="+goflags(toolchain), "GOEXPERIMENT="+experiments)
	if out, err := cmd.CombinedOutput(); err != nil {
		return nil, "", fmt.Errorf("go build: %w\n%s", err, out)
	}
	return read(filepath.Join(dir, "target"), toolchain)
}

// goflags overrides the user's GOFLAGS with something that the toolchain knows:
// only since Go 1.18 it looks for a version control system at all.
func goflags(toolchain string) string {
	if v, _ := layout.ParseVersion(toolchain); v.Minor < 18 {
		return "-tags=layouts"
	}
	return "-buildvcs=false"
}

// read takes the version from what the program says: Go 1.12 writes no build
// information into it.
func read(path, toolchain string) (layout.Layout, string, error) {
	version := toolchain
	if info, err := buildinfo.ReadFile(path); err == nil {
		version = info.GoVersion
	} else if v, _ := layout.ParseVersion(toolchain); v.Minor > 12 {
		return nil, "", err
	}
	v, _ := layout.ParseVersion(version)
	f, err := elf.Open(path)
	if err != nil {
		return nil, "", err
	}
	l, _, err := layout.FromDWARF(f, v.Minor)
	return l, version, errors.Join(err, f.Close())
}
