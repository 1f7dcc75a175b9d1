package target

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"

	"whyres/collector"
	"whyres/collector/kernel"
	"whyres/collector/ledger"
	"whyres/collector/mem"
)

// build is one way to build a program.
type build struct {
	name string
	args []string
	cgo  bool
}

func builds() []build {
	return []build{
		{name: "normal"},
		{name: "stripped", args: []string{"-ldflags=-s -w"}},
		{name: "pie", args: []string{"-buildmode=pie"}},
		{name: "cgo", cgo: true},
	}
}

// usesC makes a program that is linked with C.
const usesC = "package main\n\n// int one(void) { return 1; }\nimport \"C\"\n\nvar one = int(C.one())\n"

// toolchains are the local one, and those of WHYRES_TOOLCHAINS.
func toolchains() []string {
	return append([]string{"local"}, strings.Fields(os.Getenv("WHYRES_TOOLCHAINS"))...)
}

// buildRest compiles testdata/rest outside the module, so that any toolchain
// will do.
func buildRest(t *testing.T, toolchain string, b build) string {
	t.Helper()
	dir := t.TempDir()
	src, err := os.ReadFile(filepath.Join("testdata", "rest", "main.go"))
	if err != nil {
		t.Fatal(err)
	}
	files := map[string]string{"main.go": string(src), "go.mod": "module rest\n\ngo 1.12\n"}
	cgo := "CGO_ENABLED=0"
	if b.cgo {
		files["c.go"], cgo = usesC, "CGO_ENABLED=1"
	}
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	delete(files, "go.mod")
	names := slices.Sorted(maps.Keys(files)) // Go 1.19 with GOROOT= does not find the folder
	cmd := exec.Command("go", slices.Concat([]string{"build", "-o", "rest"}, b.args, names)...)
	cmd.Dir = dir
	// Old toolchains know neither DWARF 5, the C compiler's default, nor the
	// flags that the user's GOFLAGS may hold.
	cmd.Env = append(os.Environ(), "PWD="+dir, "GOROOT=", "GOFLAGS=-tags=rest", "GOTOOLCHAIN="+toolchain, cgo, "CGO_CFLAGS=-g -O2 -gdwarf-4")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("building with %s %v: %v\n%s", toolchain, b, err, out)
	}
	return filepath.Join(dir, "rest")
}

// rest is a running program that says of itself what runtime.ReadMemStats does.
type rest struct {
	pid   int
	said  map[string]uint64
	stdin io.Writer
	lines *bufio.Reader
}

func startRest(t *testing.T, program string, env ...string) *rest {
	t.Helper()
	cmd := exec.Command(program)
	cmd.Env = append(os.Environ(), env...)
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
	t.Cleanup(sync.OnceFunc(func() { _ = stdin.Close(); _ = cmd.Wait() }))
	r := &rest{pid: cmd.Process.Pid, stdin: stdin, lines: bufio.NewReader(stdout)}
	r.listen(t)
	return r
}

func (r *rest) listen(t *testing.T) {
	t.Helper()
	line, err := r.lines.ReadBytes('\n')
	if err != nil {
		t.Fatalf("the program said nothing: %v", err)
	}
	if err := json.Unmarshal(line, &r.said); err != nil {
		t.Fatalf("the program said %q: %v", line, err)
	}
}

// TestEveryGo divides the RES of a process at rest, for each release and way to
// build, and holds the result against what the process says of itself.
func TestEveryGo(t *testing.T) {
	for _, toolchain := range toolchains() {
		for _, b := range builds() {
			t.Run(toolchain+"/"+b.name, func(t *testing.T) {
				t.Parallel()
				if _, err := exec.LookPath("gcc"); b.cgo && err != nil {
					t.Skip("no C compiler")
				}
				r := startRest(t, buildRest(t, toolchain, b))
				v, err := Open(kernel.Default(), "/proc", r.pid, nil)
				if err != nil {
					t.Fatal(err)
				}
				defer func() { _ = v.Close() }()
				problems := r.holds(t, v)
				// The runtime may do something of its own accord after the
				// process has spoken: it is asked anew.
				for tries := 0; len(problems) > 0 && tries < 5; tries++ {
					t.Logf("asking anew: %q", problems)
					if _, err := r.stdin.Write([]byte{'?'}); err != nil {
						t.Fatal(err)
					}
					r.listen(t)
					problems = r.holds(t, v)
				}
				for _, p := range problems {
					t.Error(p)
				}
			})
		}
	}
}

// holds takes one look and returns what is wrong with it.
func (r *rest) holds(t *testing.T, v *View) (problems []string) {
	t.Helper()
	s, _, err := v.Look(collector.Order{Full: true})
	if err != nil {
		t.Fatal(err)
	}
	if s.MemStats == nil || s.Pages == nil {
		return []string{"not read: " + s.GoProblem + " " + s.PagesProblem}
	}
	l := ledger.Build(&s, v.Describe())
	problems = append(problems, sums(&l)...)
	problems = append(problems, equal(s.MemStats, r.said)...)
	problem := func(format string, args ...any) { problems = append(problems, fmt.Sprintf(format, args...)) }
	if !s.Pages.Agrees || s.MemStats.Torn {
		problem("at rest, but the pages agree: %v, torn: %v", s.Pages.Agrees, s.MemStats.Torn)
	}
	rest := l.Leaf(ledger.Unexplained)
	if max(rest, -rest)*100 > l.RES {
		problem("unexplained are %d of %d bytes", rest, l.RES)
	}
	if objects := l.Leaf(ledger.HeapLive) + l.Leaf(ledger.HeapGarbage); objects < int64(r.said["Kept"]) {
		problem("%d bytes of objects, but the process keeps %d", objects, r.said["Kept"])
	}
	t.Logf("at rest: %s, %s: RES %d KiB in %d leaves, unexplained %d; 20 fields as in ReadMemStats, from %s",
		v.Describe().GoVersion, filepath.Base(t.Name()), l.RES>>10, leaves(&l), rest, s.MemStats.Source)
	return problems
}

// leaves counts the parts that are no other's parent.
func leaves(l *ledger.Ledger) (n int) {
	parents := map[string]bool{}
	for _, p := range l.Parts {
		parents[p.Parent] = true
	}
	for _, p := range l.Parts {
		if !parents[p.ID] {
			n++
		}
	}
	return n
}

// sums checks the tree: the leaves sum to RES, each parent is the sum of its
// children, and only unexplained may be negative.
func sums(l *ledger.Ledger) (problems []string) {
	children := map[string]int64{}
	parents := map[string]bool{}
	for _, p := range l.Parts {
		children[p.Parent] += p.Bytes
		parents[p.Parent] = true
		if p.Bytes < 0 && p.ID != ledger.Unexplained {
			problems = append(problems, fmt.Sprintf("%s is %d", p.ID, p.Bytes))
		}
	}
	if children[""] != l.RES {
		problems = append(problems, fmt.Sprintf("the parts sum to %d, RES is %d", children[""], l.RES))
	}
	for _, p := range l.Parts {
		if parents[p.ID] && children[p.ID] != p.Bytes {
			problems = append(problems, fmt.Sprintf("%s is %d, its children sum to %d", p.ID, p.Bytes, children[p.ID]))
		}
	}
	return problems
}

// equal compares each field that the process told with ours, by name.
func equal(s *mem.MemStats, said map[string]uint64) (problems []string) {
	v := reflect.ValueOf(*s)
	compared := 0
	for name, want := range said {
		f := v.FieldByName(name)
		if !f.IsValid() || !f.CanUint() {
			continue
		}
		compared++
		if f.Uint() != want {
			problems = append(problems, fmt.Sprintf("%s = %d, ReadMemStats says %d", name, f.Uint(), want))
		}
	}
	if compared != 20 || s.Source != "memory" {
		problems = append(problems, fmt.Sprintf("%d fields compared, from %q; want 20 from memory", compared, s.Source))
	}
	return problems
}
