package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"whyres/cmd/whyres/internal/lab"
)

// labbing is a folder in which labs are run by themselves: whatever they make is
// below it.
type labbing struct {
	t   *testing.T
	dir string
}

func newLabbing(t *testing.T) labbing {
	t.Helper()
	privileged(t)
	dir := t.TempDir()
	if err := os.Mkdir(filepath.Join(dir, "tmp"), 0o700); err != nil {
		t.Fatal(err)
	}
	l := labbing{t, dir}
	t.Cleanup(l.nothingLeft)
	return l
}

func (l labbing) command(args ...string) *exec.Cmd {
	cmd := exec.Command(built().whyres, append([]string{"lab"}, args...)...)
	cmd.Dir = l.dir
	cmd.Env = append(os.Environ(), "TMPDIR="+filepath.Join(l.dir, "tmp"))
	return cmd
}

// run makes a lab in the folder "out".
func (l labbing) run(args ...string) (ended, *labFile) {
	l.t.Helper()
	got := execute(l.t, l.command(append(args, "-o", "out")...))
	return got, l.results()
}

func (l labbing) results() *labFile {
	l.t.Helper()
	f, err := openLabFolder(filepath.Join(l.dir, "out"), nil)
	if err != nil {
		l.t.Fatal(err)
	}
	defer f.close()
	results, err := f.load()
	if err != nil {
		l.t.Fatal(err)
	}
	return results
}

// nothingLeft: no process of ours, no file but the folder's, no eBPF program.
func (l labbing) nothingLeft() {
	l.t.Helper()
	entries, err := os.ReadDir(l.dir)
	if err != nil {
		l.t.Fatal(err)
	}
	for _, e := range entries {
		if e.Name() != "out" && e.Name() != "tmp" && !strings.HasPrefix(e.Name(), "my") {
			l.t.Errorf("%s was left", e.Name())
		}
	}
	if temporary, err := os.ReadDir(filepath.Join(l.dir, "tmp")); err != nil || len(temporary) > 0 {
		l.t.Errorf("left among temporary files: %v, %v", temporary, err)
	}
	if left := l.processes(); len(left) > 0 {
		l.t.Errorf("still running: %v", left)
	}
	noneLeft(l.t)
}

// processes are those of the programs that were built for the tests, and those that
// run in this lab's folder.
func (l labbing) processes() (left []string) {
	all, err := filepath.Glob("/proc/[0-9]*")
	if err != nil {
		l.t.Fatal(err)
	}
	for _, p := range all {
		exe, _ := os.Readlink(p + "/exe")
		cwd, _ := os.Readlink(p + "/cwd")
		ours := filepath.Dir(exe) == filepath.Dir(built().whyres) && filepath.Base(exe) != "test"
		if ours || cwd == l.dir {
			line, _ := os.ReadFile(p + "/cmdline")
			left = append(left, p+" "+strings.ReplaceAll(string(line), "\x00", " "))
		}
	}
	return left
}

func builtAs(name string) string { return filepath.Join(filepath.Dir(built().whyres), name) }

// smallLoad is a burst of some hundred connections; rest are more of pulse's flags.
func smallLoad(big int, rest string) string {
	return fmt.Sprintf("%s -json -latency -addr {addr} -big %d -i 2 -bs 0.3 -l 0.3 %s", builtAs("pulse"), big, rest)
}

func row(t *testing.T, f *labFile, id string) *lab.Row {
	t.Helper()
	r := f.Row(id)
	if r == nil {
		t.Fatalf("no row %s", id)
	}
	return r
}

func known(t *testing.T, run *lab.Run, f lab.Field) float64 {
	t.Helper()
	v := *run.Measures.At(f)
	if v == nil {
		t.Fatalf("%s is unknown: %s", f, run.Unknown[f.ID()])
	}
	return *v
}
