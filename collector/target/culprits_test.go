package target

import (
	"bufio"
	"encoding/json"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"whyres/collector"
	"whyres/collector/kernel"
	"whyres/collector/ledger"
	"whyres/collector/mem"
)

// buildCulprit builds a program of testdata/culprits.
func buildCulprit(t *testing.T, name string) string {
	t.Helper()
	dir := t.TempDir()
	if out, err := exec.Command("go", "build", "-o", dir, "./testdata/culprits/"+name).CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return filepath.Join(dir, name)
}

// culprit is a program that holds memory of one kind.
type culprit struct {
	name string // of the test, where it is not the program's
	run  string
	args []string
	env  []string
	// What it needs: a C compiler, root, a kernel that tells huge pages.
	c, root, huge bool
}

// need skips what this machine cannot do; CI can do all, and sets WHYRES_NEED.
func (c culprit) need(t *testing.T) {
	t.Helper()
	missing := ""
	if _, err := exec.LookPath("gcc"); c.c && err != nil {
		missing = "gcc is not installed"
	}
	if c.root && os.Geteuid() != 0 {
		missing = "needs root: to lock memory"
	}
	switch {
	case missing == "":
	case os.Getenv("WHYRES_NEED") != "":
		t.Fatal(missing)
	default:
		t.Skip(missing)
	}
}

// A program tells how many bytes it has made of each leaf: these must have come
// to that leaf, by construction or by the kernel's own count.
func TestCulprits(t *testing.T) {
	for _, c := range []culprit{
		{run: "goheap"},
		{run: "malloc", name: "small blocks", args: []string{"small"}, c: true},
		{run: "malloc", name: "large blocks", args: []string{"large"}, c: true},
		{run: "malloc", name: "blocks of threads", args: []string{"threads"}, c: true},
		{run: "mappedfile", args: []string{filepath.Join(t.TempDir(), "file")}},
		{run: "sharedmem"},
		{run: "offheap"},
		{run: "cthreads", c: true},
		{run: "lazyfree", env: []string{"GODEBUG=madvdontneed=0"}},
		{run: "mlockall", root: true},
		{run: "hugepages", huge: true},
		{run: "deadgoroutines"},
		{run: "bss", args: []string{libraryPath(t)}, c: true},
		{run: "privatemem"},
	} {
		t.Run(strings.TrimSpace(c.run+" "+c.name), func(t *testing.T) {
			c.need(t)
			p := startCulprit(t, c)
			before := p.look(t)
			if way := p.view.kernel.ResidentWay(); c.huge && way != kernel.WayScan {
				t.Skipf("this kernel tells nothing of huge pages: residency is told by %s", way)
			}
			made := p.make(t)
			after := p.look(t)
			for leaf, want := range made {
				got := after.Leaf(leaf) - before.Leaf(leaf)
				if off := got - want; 50*max(off, -off) > want {
					t.Errorf("%s grew by %s, of %s that were made", leaf, ledger.Size(got), ledger.Size(want))
				}
				t.Logf("%s: %s, made %s", leaf, ledger.Size(got), ledger.Size(want))
			}
			if t.Failed() {
				logLedger(t, after)
			}
		})
	}
}

// libraryPath is a library that has 8 MiB of zeroed variables, and next to no
// code; "" without a C compiler, where the culprit is skipped.
func libraryPath(t *testing.T) string {
	t.Helper()
	if _, err := exec.LookPath("gcc"); err != nil {
		return ""
	}
	path := filepath.Join(t.TempDir(), "libzeroes.so")
	cmd := exec.Command("gcc", "-shared", "-fPIC", "-x", "c", "-o", path, "-")
	cmd.Stdin = strings.NewReader("char zeroes[8 << 20];\n")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return path
}

// running is a culprit that runs.
type running struct {
	view  *View
	stdin io.Writer
	says  *json.Decoder
}

func startCulprit(t *testing.T, c culprit) *running {
	t.Helper()
	cmd := exec.Command(buildCulprit(t, c.run), c.args...)
	cmd.Env = append(os.Environ(), c.env...)
	cmd.Stderr = os.Stderr
	stdin, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cmd.Process.Kill(); _ = cmd.Wait() })
	p := &running{stdin: stdin, says: json.NewDecoder(bufio.NewReader(stdout))}
	if err := p.says.Decode(&struct{}{}); err != nil {
		t.Fatal(err)
	}
	if p.view, err = Open(kernel.Default(), "/proc", cmd.Process.Pid, nil); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = p.view.Close() })
	return p
}

// make has the culprit make its memory: bytes by leaf.
func (p *running) make(t *testing.T) (bytes map[string]int64) {
	t.Helper()
	if _, err := io.WriteString(p.stdin, "\n"); err != nil {
		t.Fatal(err)
	}
	if err := p.says.Decode(&bytes); err != nil {
		t.Fatal(err)
	}
	return bytes
}

// look takes a full sample, and holds its ledger to what holds of each.
func (p *running) look(t *testing.T) *ledger.Ledger {
	t.Helper()
	s, _, err := p.view.Look(collector.Order{Full: true})
	if err != nil {
		t.Fatal(err)
	}
	l := ledger.Build(&s, p.view.Describe())
	checkLedger(t, &s, &l)
	return &l
}

func logLedger(t *testing.T, l *ledger.Ledger) {
	t.Helper()
	for _, part := range l.Parts {
		t.Logf("%-32s %12s  %s", part.ID, ledger.Size(part.Bytes), part.What)
	}
}

// checkLedger: the leaves sum to RES, and nearly all of it is explained.
func checkLedger(t *testing.T, s *mem.Sample, l *ledger.Ledger) {
	t.Helper()
	parents := map[string]bool{}
	for _, part := range l.Parts {
		parents[part.Parent] = true
	}
	var sum int64
	for _, part := range l.Parts {
		if !parents[part.ID] {
			sum += part.Bytes
		}
	}
	if res := s.RSS.Total(); sum != res || l.RES != res {
		t.Errorf("the leaves sum to %d, the ledger says %d, RES is %d", sum, l.RES, res)
	}
	if rest := l.Leaf(ledger.Unexplained); 100*max(rest, -rest) > l.RES {
		t.Errorf("%s of %s are unexplained", ledger.Size(rest), ledger.Size(l.RES))
	}
	for _, text := range l.Warnings {
		t.Logf("warning: %s", text)
	}
}
