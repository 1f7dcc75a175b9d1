package labserver

import (
	"context"
	"errors"
	"fmt"
	"go/version"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"whyres/cmd/whyres/internal/launch"
	"whyres/server"
)

// Within bounds getting a toolchain and building with it.
const Within = 10 * time.Minute

const module = "whyres-server"

const program = `// Command server is the experiment's TCP server.
package main

import (
	"context"
	"os"

	"` + module + `/server"
)

func main() { os.Exit(server.Run(context.Background(), os.Args[1:], os.Stdout, os.Stderr)) }
`

// Builder builds below a folder that the user may read.
type Builder struct {
	Dir string
	Who *launch.User
}

// readable is the mode of what root lays out for the user.
const readable = 0o755

// Build builds the server with a toolchain, "go1.21.13", or the newest patch of
// "go1.21", and returns the program's path. The user who called sudo builds, so
// that nothing of root's is left in caches.
func (b Builder) Build(ctx context.Context, toolchain string) (path string, err error) {
	ctx, cancel := context.WithTimeout(ctx, Within)
	defer cancel()
	dir := filepath.Join(b.Dir, toolchain)
	if err := errors.Join(write(dir, version.Lang(toolchain)), b.output(dir)); err != nil {
		return "", fmt.Errorf("write the server's sources: %w", err)
	}
	exact, err := b.exact(ctx, toolchain)
	if err != nil {
		return "", err
	}
	path = filepath.Join(dir, outputDir, "server")
	if out, err := b.goCommand(ctx, dir, exact, "build", "-o", path, "."); err != nil {
		return "", fmt.Errorf("the server cannot be built with %s: %w", exact, because(err, out))
	}
	return path, nil
}

// write lays the module out. Its language is the toolchain's, since that decides
// what GODEBUG's defaults are.
func write(dir, language string) error {
	if err := os.MkdirAll(filepath.Join(dir, "server"), readable); err != nil {
		return err
	}
	files := map[string]string{
		"go.mod":  "module " + module + "\n\ngo " + strings.TrimPrefix(language, "go") + "\n",
		"main.go": program,
	}
	source := server.Source()
	entries, err := fs.ReadDir(source, ".")
	if err != nil {
		return err
	}
	for _, e := range entries {
		text, err := source.ReadFile(e.Name())
		if err != nil {
			return err
		}
		files[filepath.Join("server", e.Name())] = string(text)
	}
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			return err
		}
	}
	return nil
}

const outputDir = "bin"

// output makes the one folder that the user writes to.
func (b Builder) output(dir string) error {
	path := filepath.Join(dir, outputDir)
	if err := os.Mkdir(path, readable); err != nil {
		return err
	}
	if b.Who == nil {
		return nil
	}
	uid, gid := b.Who.IDs()
	return os.Lchown(path, uid, gid)
}

// exact is the newest patch of a minor release; another version is as it is. It is
// asked for in a module of no language, which any go command accepts.
func (b Builder) exact(ctx context.Context, toolchain string) (string, error) {
	if version.Lang(toolchain) != toolchain {
		return toolchain, nil
	}
	dir := filepath.Join(b.Dir, "versions")
	if err := os.MkdirAll(dir, readable); err != nil {
		return "", err
	}
	if err := os.WriteFile(filepath.Join(dir, "go.mod"), []byte("module versions\n"), 0o644); err != nil {
		return "", err
	}
	out, err := b.goCommand(ctx, dir, "local", "list", "-m", "-versions", "-f", "{{range .Versions}}{{.}} {{end}}", "go")
	if err != nil {
		return "", fmt.Errorf("which is the newest %s cannot be told (name one, as %s.1): %w", toolchain, toolchain, because(err, out))
	}
	if newest := newest(toolchain, strings.Fields(out)); newest != "" {
		return newest, nil
	}
	return "", fmt.Errorf("there is no release of %s", toolchain)
}

// newest is the last release of the minor, without what comes before the first; ""
// where there is none. Until 1.20 the first is called as the minor is.
func newest(minor string, versions []string) (found string) {
	for _, v := range versions {
		v = "go" + v
		if version.Lang(v) != minor || strings.ContainsAny(strings.TrimPrefix(v, minor), "rcbeta") {
			continue
		}
		if found == "" || version.Compare(v, found) > 0 {
			found = v
		}
	}
	return found
}

// goCommand runs the go command with that toolchain. Of the user's settings those
// of the proxy count, but neither flags nor a workspace.
func (b Builder) goCommand(ctx context.Context, dir, toolchain string, args ...string) (string, error) {
	name, err := find()
	if err != nil {
		return "", err
	}
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Dir = dir
	// The index of Go 1.19 knows no folder where the toolchain itself is a module.
	b.Who.Apply(cmd, "PWD="+dir, "GOROOT=", "GOFLAGS=-trimpath", "GOWORK=off", "GOTOOLCHAIN="+toolchain, "CGO_ENABLED=0", "GODEBUG=goindex=0")
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) } // compilers too
	cmd.WaitDelay = time.Second
	out, err := cmd.CombinedOutput()
	return string(out), err
}

// find finds the go command, also where sudo's PATH does not lead to it.
func find() (string, error) {
	path, err := exec.LookPath("go")
	if err == nil {
		return path, nil
	}
	for _, usual := range []string{"/usr/local/go/bin/go", "/usr/lib/go/bin/go", "/snap/bin/go"} {
		if _, err := os.Stat(usual); err == nil {
			return usual, nil
		}
	}
	return "", fmt.Errorf("there is no go command in PATH, nor in /usr/local/go/bin: %w", err)
}

// because is the error with what the command said last, which says why.
func because(err error, out string) error {
	lines := strings.Split(strings.TrimSpace(out), "\n")
	if last := strings.TrimSpace(lines[len(lines)-1]); last != "" {
		return fmt.Errorf("%w: %s", err, last)
	}
	return err
}
