package goruntime

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
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"whyres/collector/goruntime/internal/layout"
	"whyres/collector/mem"
)

// TestMain forbids transparent huge pages to the targets, which inherit that: a
// huge page brings memory back that nobody touched, and then residency would
// not follow from what the target did.
func TestMain(m *testing.M) {
	if err := unix.Prctl(unix.PR_SET_THP_DISABLE, 1, 0, 0, 0); err != nil {
		panic("PR_SET_THP_DISABLE: " + err.Error())
	}
	os.Exit(m.Run())
}

// variant is one way to build and run the target.
type variant struct {
	name  string
	build build
	env   []string
	// since is the first minor version of Go that knows the setting.
	since int
	// busy: the target is not at rest, so that nothing can be compared.
	busy bool
}

// build is one way to build the target.
type build struct {
	args string
	cgo  bool
}

func variants() []variant {
	pie := build{args: "-buildmode=pie"}
	return []variant{
		{name: "default"},
		{name: "nodwarf", build: build{args: "-ldflags=-w"}},
		{name: "pie", build: pie},
		{name: "cgo", build: build{cgo: true}},
		{name: "cgopie", build: build{args: pie.args, cgo: true}},
		{name: "stripped", build: build{args: "-ldflags=-s"}},
		{name: "strippedpie", build: build{args: pie.args + " -ldflags=-s"}},
		{name: "strippedcgo", build: build{args: "-ldflags=-s", cgo: true}},
		{name: "strippedcgopie", build: build{args: pie.args + " -ldflags=-s", cgo: true}},
		{name: "strippedBusy", build: build{args: "-ldflags=-s"}, env: []string{"TARGET_CHURN=1"}, busy: true},
		{name: "gogcOff", env: []string{"GOGC=off"}},
		{name: "gogc10", env: []string{"GOGC=10"}},
		{name: "freed", env: []string{"TARGET_FREE=1"}},
		{name: "dontneed", env: []string{"GODEBUG=madvdontneed=1"}},
		{name: "busy", env: []string{"TARGET_CHURN=1"}, busy: true},
		{name: "limit", env: []string{"GOMEMLIMIT=16MiB"}, since: 19},
		{name: "bigLimit", env: []string{"GOMEMLIMIT=200MiB"}, since: 19},
		{name: "gogcOffLimit", env: []string{"GOGC=off", "GOMEMLIMIT=64MiB"}, since: 19},
	}
}

// toolchains are the local one, and those of WHYRES_TOOLCHAINS.
func toolchains(t *testing.T) []string {
	t.Helper()
	extra := os.Getenv("WHYRES_TOOLCHAINS")
	if extra == "" {
		t.Log("only the local toolchain is tried: set WHYRES_TOOLCHAINS (\"go1.12.17 go1.27.4\") for others")
	}
	return append([]string{"local"}, strings.Fields(extra)...)
}

// minorOf is the minor version of a toolchain's name.
func minorOf(toolchain string) int {
	if toolchain == "local" {
		toolchain = runtime.Version()
	}
	v, _ := layout.ParseVersion(toolchain)
	return v.Minor
}

// buildTarget compiles testdata/target outside the module, so that any
// toolchain will do, and returns the program.
func buildTarget(t testing.TB, toolchain string, args ...string) string {
	t.Helper()
	return buildTargetAs(t, toolchain, build{args: strings.Join(args, " ")})
}

func buildTargetAs(t testing.TB, toolchain string, b build) string {
	t.Helper()
	src, err := os.ReadFile(filepath.Join("testdata", "target", "main.go"))
	if err != nil {
		t.Fatal(err)
	}
	files := map[string]string{"main.go": string(src)}
	if b.cgo {
		files["cgo.go"] = "package main\n\nimport \"C\"\n"
	}
	return buildFiles(t, toolchain, files, strings.Fields(b.args)...)
}

func buildProgram(t testing.TB, toolchain, src string, args ...string) string {
	t.Helper()
	return buildFiles(t, toolchain, map[string]string{"main.go": src}, args...)
}

func buildFiles(t testing.TB, toolchain string, files map[string]string, args ...string) string {
	t.Helper()
	dir := t.TempDir()
	names := slices.Sorted(maps.Keys(files))
	files["go.mod"] = "module target\n\ngo 1.12\n"
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	// The files by name: with GOROOT= Go 1.19 does not find the folder.
	cmd := exec.Command("go", slices.Concat([]string{"build", "-o", "target"}, args, names)...)
	cmd.Dir = dir
	// Old toolchains do not know DWARF 5, the C compiler's default, nor
	// -buildvcs, which may be in the user's GOFLAGS.
	cmd.Env = append(os.Environ(), "PWD="+dir, "GOROOT=", "GOTOOLCHAIN="+toolchain, "GOFLAGS=-tags=target", "CGO_CFLAGS=-g -O2 -gdwarf-4")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("building the target with %s %v: %v\n%s", toolchain, args, err, out)
	}
	return filepath.Join(dir, "target")
}

// child is a running target at rest.
type child struct {
	pid   int
	said  map[string]uint64
	stdin io.Writer
	lines *bufio.Reader
	// end closes the target's standard input and waits for its end.
	end func()
}

func itoa(n int) string { return strconv.Itoa(n) }

// startTarget runs the program until it has said its numbers.
func startTarget(t testing.TB, program string, env ...string) child {
	t.Helper()
	cmd := exec.Command(program)
	cmd.Env = append(os.Environ(), env...)
	return start(t, cmd)
}

// start runs the command until it has said its numbers.
func start(t testing.TB, cmd *exec.Cmd) child {
	t.Helper()
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
	end := sync.OnceFunc(func() {
		_ = stdin.Close()
		_ = cmd.Wait()
	})
	t.Cleanup(end)
	c := child{pid: cmd.Process.Pid, stdin: stdin, lines: bufio.NewReader(stdout), end: end}
	c.listen(t)
	return c
}

// listen reads what the target says.
func (c *child) listen(t testing.TB) {
	t.Helper()
	line, err := c.lines.ReadBytes('\n')
	if err != nil {
		t.Fatalf("the target said nothing: %v", err)
	}
	if err := json.Unmarshal(line, &c.said); err != nil {
		t.Fatalf("the target said %q: %v", line, err)
	}
}

// holds checks numbers against what the target said. The target's runtime can
// do something of its own accord after it has spoken, start a thread for
// instance: where the numbers differ, it is asked anew.
func (c *child) holds(t *testing.T, check func(said map[string]uint64) []string) {
	t.Helper()
	problems := check(c.said)
	for tries := 0; len(problems) > 0 && tries < 5; tries++ {
		t.Logf("asking the target anew: %q", problems)
		if _, err := c.stdin.Write([]byte{'?'}); err != nil {
			t.Fatal(err)
		}
		c.listen(t)
		problems = check(c.said)
	}
	for _, p := range problems {
		t.Error(p)
	}
}

// TestEqualsReadMemStats compares every field with what the target's own
// runtime.ReadMemStats said, and the pages' sums with the same.
func TestEqualsReadMemStats(t *testing.T) {
	for _, toolchain := range toolchains(t) {
		t.Run(toolchain, func(t *testing.T) {
			t.Parallel()
			var compared []string
			t.Cleanup(func() { t.Logf("compared %s: %s", toolchain, strings.Join(compared, ", ")) })
			programs := map[build]string{}
			for _, v := range variants() {
				if minorOf(toolchain) < v.since {
					continue
				}
				if programs[v.build] == "" {
					programs[v.build] = buildTargetAs(t, toolchain, v.build)
				}
				compared = append(compared, v.name)
				t.Run(v.name, func(t *testing.T) {
					t.Parallel()
					c := startTarget(t, programs[v.build], v.env...)
					if v.busy {
						staysHonest(t, c)
						return
					}
					equalsReadMemStats(t, c, v.env == nil)
				})
			}
		})
	}
}

// equalsReadMemStats compares one target; byPacer: its GCs came as the GC's own
// pacer, with no setting, makes them.
func equalsReadMemStats(t *testing.T, c child, byPacer bool) {
	t.Helper()
	start := time.Now()
	target, err := Open("/proc", c.pid)
	t.Logf("Open: %v, %+v", time.Since(start), target.Binary)
	if err != nil {
		t.Fatal(err)
	}
	if byPacer {
		marksEqualPauses(t, target, c)
	}
	c.holds(t, func(said map[string]uint64) []string {
		s, err := target.MemStats()
		if err != nil {
			t.Fatal(err)
		}
		return compare(s, said)
	})
	resident := pagemapKinds(t, c.pid)
	c.holds(t, func(said map[string]uint64) []string {
		start := time.Now()
		heap, err := target.Walk(WalkOptions{Resident: resident})
		if err != nil {
			t.Fatal(err)
		}
		s, pages := heap.Stats, heap.Pages
		t.Logf("Walk: %v, %+v", time.Since(start), pages)
		if !s.HeapWalked {
			t.Error("HeapWalked is false after a walk")
		}
		return append(compare(s, said), checkPages(pages, said, lazyFreeOf(t, c.pid))...)
	})
}

// compare checks each field that both have, by name.
func compare(s *mem.MemStats, said map[string]uint64) (problems []string) {
	problem := func(format string, args ...any) { problems = append(problems, fmt.Sprintf(format, args...)) }
	if s.Torn {
		problem("torn, of a process at rest (%d retries)", s.Retries)
	}
	compared := 0
	v := reflect.ValueOf(*s)
	for name, want := range said {
		if name == "LastGC" {
			name = "LastGCUnix"
		}
		if !s.HeapWalked && (name == "HeapAlloc" || name == "HeapObjects") {
			continue
		}
		f := v.FieldByName(name)
		if !f.IsValid() || !f.CanUint() {
			continue
		}
		compared++
		if f.Uint() != want {
			problem("%s = %d, ReadMemStats says %d", name, f.Uint(), want)
		}
	}
	if compared < 17 {
		problem("only %d fields compared", compared)
	}
	return problems
}
