package kernel

import (
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"whyres/collector/mem"
)

func fixtures(t testing.TB) FS {
	t.Helper()
	fs, err := NewFS("testdata/proc", "testdata/sys")
	if err != nil {
		t.Fatal(err)
	}
	return fs
}

func openFixture(t testing.TB, pid int) *Process {
	t.Helper()
	p, err := fixtures(t).Open(pid, Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = p.Close() })
	return p
}

func openSelf(t testing.TB, opts Options) *Process {
	t.Helper()
	p, err := Default().Open(os.Getpid(), opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = p.Close() })
	return p
}

func TestNewFSWantsDirectories(t *testing.T) {
	for _, root := range []string{filepath.Join(t.TempDir(), "none"), "fs.go"} {
		if _, err := NewFS(root, "testdata/sys"); err == nil || !strings.Contains(err.Error(), root) {
			t.Errorf("NewFS(%q) = %v, want an error that names it", root, err)
		}
	}
}

func TestOpenWhatIsNotThere(t *testing.T) {
	if _, err := fixtures(t).Open(99999, Options{}); !errors.Is(err, ErrGone) {
		t.Errorf("Open of a free number = %v, want ErrGone", err)
	}
	if _, err := fixtures(t).Open(-1, Options{}); err == nil {
		t.Error("Open(-1) succeeded")
	}
}

func TestOpenOfAThread(t *testing.T) {
	tids, err := os.ReadDir("/proc/self/task")
	if err != nil {
		t.Fatal(err)
	}
	for _, tid := range tids {
		n, err := strconv.Atoi(tid.Name())
		if err != nil {
			t.Fatal(err)
		}
		p, err := Default().Open(n, Options{})
		if err == nil {
			_ = p.Close()
		}
		if isProcess := n == os.Getpid(); isProcess != (err == nil) {
			t.Errorf("Open(%d) = %v in process %d", n, err, os.Getpid())
		}
	}
}

// The held directory follows the process through an exec.
func TestExec(t *testing.T) {
	cmd := exec.Command("sh", "-c", "read x; exec sleep 60")
	stdin, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Skip("no shell: ", err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
	p, err := Default().Open(cmd.Process.Pid, Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	// The shell's own exec changes the link first, and the name a moment later.
	before := identityOf(t, p, "sh")
	if _, err := io.WriteString(stdin, "go\n"); err != nil {
		t.Fatal(err)
	}
	after := identityOf(t, p, "sleep")
	if after.Exe == before.Exe || after.Comm != "sleep" || after.StartTicks != before.StartTicks {
		t.Fatalf("after exec %+v, before %+v", after, before)
	}
	// The link changes a moment before the program is mapped.
	mapped := false
	for end := time.Now().Add(5 * time.Second); !mapped && time.Now().Before(end); {
		m, err := p.Smaps()
		if err != nil {
			t.Fatal(err)
		}
		mapped = slices.ContainsFunc(m.VMAs, func(v mem.VMA) bool { return v.Path == after.Exe })
	}
	if !mapped {
		t.Errorf("no mapping of %s after exec", after.Exe)
	}
}

// identityOf is the process's identity once it has the name, or after five seconds.
func identityOf(t *testing.T, p *Process, comm string) Identity {
	t.Helper()
	for end := time.Now().Add(5 * time.Second); ; {
		id, err := p.Identity()
		if err != nil {
			t.Fatal(err)
		}
		if id.Comm == comm || time.Now().After(end) {
			return id
		}
	}
}

// A process that is held open answers ErrGone once it has exited: first as a
// zombie, then when it has been waited for.
func TestProcessGoes(t *testing.T) {
	cmd := exec.Command("sleep", "60")
	if err := cmd.Start(); err != nil {
		t.Skip("no sleep command: ", err)
	}
	p, err := Default().Open(cmd.Process.Pid, Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	if _, err := p.Light(); err != nil {
		t.Fatalf("Light of a live process: %v", err)
	}
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	for {
		if _, err = p.Light(); err != nil {
			break
		}
	}
	if !errors.Is(err, ErrGone) {
		t.Errorf("Light of a killed process = %v, want ErrGone", err)
	}
	_ = cmd.Wait()
	for name, read := range map[string]func() error{
		"Light":    func() error { _, err := p.Light(); return err },
		"Smaps":    func() error { _, err := p.Smaps(); return err },
		"Rollup":   func() error { _, err := p.Rollup(); return err },
		"Identity": func() error { _, err := p.Identity(); return err },
		"Resident": func() error { return p.Resident(nil, nil) },
	} {
		if err := read(); !errors.Is(err, ErrGone) {
			t.Errorf("%s after the process was waited for = %v, want ErrGone", name, err)
		}
	}
}
