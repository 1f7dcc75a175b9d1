package server

import (
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
)

func TestSourceIsThePackage(t *testing.T) {
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	want := slices.DeleteFunc(files, func(name string) bool { return strings.HasSuffix(name, "_test.go") })
	got, err := fs.Glob(Source(), "*")
	if err != nil || !slices.Equal(got, want) {
		t.Errorf("Source has %v, %v\nwant       %v", got, err, want)
	}
}

// oldest is the first Go that the package is for.
const oldest = "go1.16.15"

// toolchains are the local one, which holds the package to the language of 1.16
// by its go.mod; 1.16 itself, if it has been loaded; and those of
// WHYRES_TOOLCHAINS from 1.16 on.
func toolchains(t *testing.T) []string {
	t.Helper()
	all := []string{"local"}
	cache, err := exec.CommandContext(t.Context(), "go", "env", "GOMODCACHE").Output()
	if err != nil {
		t.Fatal(err)
	}
	loaded, err := filepath.Glob(filepath.Join(strings.TrimSpace(string(cache)), "golang.org", "toolchain@*-"+oldest+".*"))
	if err != nil {
		t.Fatal(err)
	}
	if len(loaded) > 0 {
		all = append(all, oldest)
	} else {
		t.Logf("%s is not here: name it in WHYRES_TOOLCHAINS to have it loaded", oldest)
	}
	for _, name := range strings.Fields(os.Getenv("WHYRES_TOOLCHAINS")) {
		if minor, _, _ := strings.Cut(strings.TrimPrefix(name, "go1."), "."); minor >= "16" && !slices.Contains(all, name) {
			all = append(all, name)
		}
	}
	return all
}

// The sources alone, with the main of cmd/server, make the server, and it holds
// as many clients as the hard limit of open files allows, whoever built it.
func TestEveryGoBuildsIt(t *testing.T) {
	for _, toolchain := range toolchains(t) {
		t.Run(toolchain, func(t *testing.T) {
			p := startProgram(t, buildSource(t, toolchain), "ulimit -S -n 30", "-every", "50")
			conns := p.connect(50)
			p.await(` 50 clients`)
			if got := answered(t, conns[49], []byte("hello")); string(got) != "hello" {
				t.Errorf("answered %q", got)
			}
			p.signal(syscall.SIGUSR1)
			p.await(`SIGUSR1: runtime.GC done in `)
			p.signal(syscall.SIGTERM)
			if code := p.exit(); code != exitDone {
				t.Errorf("exit %d, want 0:\n%s", code, p.log())
			}
		})
	}
}

func buildSource(t *testing.T, toolchain string) (program string) {
	t.Helper()
	dir := t.TempDir()
	if err := os.CopyFS(filepath.Join(dir, "server"), Source()); err != nil {
		t.Fatal(err)
	}
	main, err := os.ReadFile(filepath.Join("..", "cmd", "server", "main.go"))
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{"main.go": string(main), "go.mod": "module whyres\n\ngo 1.16\n"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	program = filepath.Join(dir, "program")
	build := exec.CommandContext(t.Context(), "go", "build", "-o", program, ".")
	build.Dir = dir
	// Without the GOROOT that go test sets, which is another toolchain's, and
	// without the user's flags, which an old one may not know. The index of Go
	// 1.19 knows no folder where the toolchain itself is a module.
	build.Env = slices.DeleteFunc(os.Environ(), func(v string) bool { return strings.HasPrefix(v, "GOROOT=") })
	build.Env = append(build.Env, "PWD="+dir, "GOTOOLCHAIN="+toolchain, "GOFLAGS=-tags=oldest", "CGO_ENABLED=0", "GODEBUG=goindex=0")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return program
}
