package goruntime

import (
	"bytes"
	"debug/elf"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"whyres/collector/goruntime/internal/layout"
)

// TestSignatureEqualsSymbols takes the symbol table and DWARF from programs
// after they were built: the addresses found in memory must be those that the
// symbol table said, all of them.
func TestSignatureEqualsSymbols(t *testing.T) {
	for _, toolchain := range toolchains(t) {
		for name, b := range map[string]build{
			"exe":    {},
			"pie":    {args: "-buildmode=pie"},
			"cgo":    {cgo: true},
			"cgopie": {args: "-buildmode=pie", cgo: true},
		} {
			t.Run(toolchain+"/"+name, func(t *testing.T) {
				t.Parallel()
				program := buildTargetAs(t, toolchain, b)
				want := symbolsOf(t, program)
				hideSymbols(t, program)
				c := startTarget(t, program)
				start := time.Now()
				target, err := Open("/proc", c.pid)
				t.Logf("Open: %v, %q", time.Since(start), target.Binary.Notes)
				if err != nil {
					t.Fatal(err)
				}
				// The first profiling bucket may come at any time: what was there before
				// the last look is to be found by it.
				had := bucketsOf(t, target, want)
				for range 5 {
					if _, found := target.where.addr["buckhash"]; found || had == 0 {
						break
					}
					time.Sleep(20 * time.Millisecond)
					if target, err = Open("/proc", c.pid); err != nil {
						t.Fatal(err)
					}
				}
				compareAddrs(t, target, want, had != 0)
			})
		}
	}
}

func compareAddrs(t *testing.T, target *Target, symbols map[string]uint64, buckets bool) {
	t.Helper()
	bias := target.where.addr["mheap_"] - symbols["runtime.mheap_"]
	if bias%4096 != 0 {
		t.Errorf("mheap_ at %#x, the symbol table says %#x", target.where.addr["mheap_"], symbols["runtime.mheap_"])
	}
	check := func(key, name string, named bool) {
		want, exists := symbols[name]
		got, found := target.where.addr[key]
		switch {
		case found && got != want+bias:
			t.Errorf("%s at %#x, the symbol table says %#x", key, got, want+bias)
		case !found && exists && key == "buckhash" && !buckets:
			// No profiling bucket yet: there is nothing to be found.
		case !found && exists && !named:
			t.Errorf("%s was not found: %q", key, target.Binary.Notes)
		}
	}
	for _, root := range layout.Roots() {
		if root.Var != "" && root.Speaks(target.where.minor) {
			check(root.Key, root.Var, root.Named)
		}
	}
	check(isCgo, isCgo, false)
}

// bucketsOf is the word that the table of profiling buckets begins at, by the symbols; 0
// where there is no such table, or nothing in it yet.
func bucketsOf(t *testing.T, target *Target, symbols map[string]uint64) uint64 {
	t.Helper()
	at, exists := symbols["runtime.buckhash"]
	if !exists {
		return 0
	}
	return holds(t, target, at+target.where.addr["mheap_"]-symbols["runtime.mheap_"])
}

func holds(t *testing.T, target *Target, addr uint64) uint64 {
	t.Helper()
	word, err := target.memory.word(addr)
	if err != nil {
		t.Fatal(err)
	}
	return word
}

// symbolsOf is what debug/elf reads of the symbol table.
func symbolsOf(t *testing.T, program string) map[string]uint64 {
	t.Helper()
	f, err := elf.Open(program)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	symbols, err := f.Symbols()
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]uint64{}
	for _, s := range symbols {
		got[s.Name] = s.Value
	}
	return got
}

// hideSymbols makes the section headers of the symbol table and of DWARF those
// of nothing that is known.
func hideSymbols(t *testing.T, program string) {
	t.Helper()
	editSections(t, program, func(s *elf.Section, header []byte) {
		if s.Type == elf.SHT_SYMTAB || strings.HasPrefix(s.Name, ".debug_") || strings.HasPrefix(s.Name, ".zdebug_") {
			binary.LittleEndian.PutUint32(header, 0)                        // sh_name
			binary.LittleEndian.PutUint32(header[4:], uint32(elf.SHT_LOOS)) // sh_type
		}
	})
}

func editSections(t *testing.T, program string, edit func(s *elf.Section, header []byte)) {
	t.Helper()
	b, err := os.ReadFile(program)
	if err != nil {
		t.Fatal(err)
	}
	f, err := elf.NewFile(bytes.NewReader(b))
	if err != nil {
		t.Fatal(err)
	}
	headers := binary.LittleEndian.Uint64(b[0x28:]) // e_shoff
	for i, s := range f.Sections {
		const size = 64
		edit(s, b[headers+uint64(i*size):][:size])
	}
	if err := os.WriteFile(program, b, 0o700); err != nil {
		t.Fatal(err)
	}
}

// TestStrippedUnderLoad opens a program that allocates all the time, over and
// over: it must be found each time, at the same addresses.
func TestStrippedUnderLoad(t *testing.T) {
	t.Parallel()
	c := startTarget(t, buildTarget(t, "local", "-ldflags=-s"), "TARGET_CHURN=1")
	var first map[string]uint64
	for i := range 100 {
		target, err := Open("/proc", c.pid)
		if err != nil {
			t.Fatal(i, err)
		}
		if first == nil {
			first = target.where.addr
		}
		if got := fmt.Sprint(target.where.addr); got != fmt.Sprint(first) {
			t.Fatalf("time %d: %s, first %v", i, got, first)
		}
	}
}

// TestStrippedKeepsRES: looking for the variables must not bring pages of the
// target into memory.
func TestStrippedKeepsRES(t *testing.T) {
	t.Parallel()
	c := startTarget(t, buildTarget(t, "local", "-ldflags=-s"))
	before := pagesOf(t, c.pid)
	if _, err := Open("/proc", c.pid); err != nil {
		t.Fatal(err)
	}
	if after := pagesOf(t, c.pid); after != before {
		t.Errorf("memory before %q, after %q", before, after)
	}
}

// pagesOf is what the kernel says is there, with the page tables.
func pagesOf(t *testing.T, pid int) string {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("/proc", itoa(pid), "status"))
	if err != nil {
		t.Fatal(err)
	}
	var lines []string
	for line := range strings.Lines(string(b)) {
		if strings.HasPrefix(line, "Rss") || strings.HasPrefix(line, "VmPTE") {
			lines = append(lines, strings.Join(strings.Fields(line), " "))
		}
	}
	return strings.Join(lines, ", ")
}

// TestStrippedNotStarted stops a stripped program at its exec(2): the runtime
// has set up nothing yet, but the version is told.
func TestStrippedNotStarted(t *testing.T) {
	t.Parallel()
	program := buildTarget(t, "local", "-ldflags=-s")
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	cmd := exec.Command(program)
	cmd.SysProcAttr = &syscall.SysProcAttr{Ptrace: true}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() { _ = cmd.Process.Kill(); _ = cmd.Wait() }()
	var status syscall.WaitStatus
	if _, err := syscall.Wait4(cmd.Process.Pid, &status, 0, nil); err != nil || !status.Stopped() {
		t.Fatalf("the program did not stop at its exec: %v, %v", status, err)
	}
	target, err := Open("/proc", cmd.Process.Pid)
	if !errors.Is(err, ErrNotFound) || !strings.HasPrefix(target.Binary.GoVersion, "go1.") {
		t.Errorf("Open: %v, version %q; want ErrNotFound and the version", err, target.Binary.GoVersion)
	}
	if _, ok := target.CounterAddrs(); ok {
		t.Error("CounterAddrs of a program that has not started")
	}
	if _, err := target.MemStats(); !errors.Is(err, ErrNotFound) {
		t.Errorf("MemStats: %v, want ErrNotFound", err)
	}
}

// TestCodeRefers reads programs of both architectures, which need not run: the
// functions of each clue must refer to its variable, where the symbol table says
// that it is.
func TestCodeRefers(t *testing.T) {
	for _, toolchain := range toolchains(t) {
		for _, arch := range []string{"amd64", "arm64"} {
			t.Run(toolchain+"/"+arch, func(t *testing.T) {
				t.Parallel()
				program := buildFor(t, toolchain, arch)
				symbols := symbolsOf(t, program)
				hideSymbols(t, program)
				name := toolchain
				if name == "local" {
					name = runtime.Version()
				}
				version, _ := layout.ParseVersion(name)
				checkClues(t, program, arch, version, symbols)
			})
		}
	}
}

// buildFor compiles the target for another architecture.
func buildFor(t *testing.T, toolchain, arch string) string {
	t.Helper()
	program := filepath.Join(t.TempDir(), "target")
	cmd := exec.Command("go", "build", "-o", program, filepath.Join("testdata", "target", "main.go"))
	cmd.Env = append(os.Environ(), "GOROOT=", "GOTOOLCHAIN="+toolchain, "GOARCH="+arch, "CGO_ENABLED=0", "GO111MODULE=off", "GOFLAGS=-tags=target")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("building the target for %s with %s: %v\n%s", arch, toolchain, err, out)
	}
	return program
}

func checkClues(t *testing.T, program, arch string, version layout.Version, symbols map[string]uint64) {
	t.Helper()
	f, err := elf.Open(program)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	standIns, err := layout.StandIns(version, arch)
	if err != nil {
		t.Fatal(err)
	}
	s := &search{image: &image{elf: f}, where: &where{layout: standIns[0].Layout}}
	s.code = newCodeReader(s.image, &piecesOf{}, 0)
	checked := 0
	for _, c := range clues() {
		want, ok := symbols["runtime."+strings.TrimPrefix(c.key, "runtime.")]
		if !ok || c.key != isCgo && !s.where.has(c.key) {
			continue
		}
		refs, err := s.refsOf(c)
		refers := slices.ContainsFunc(s.offsets(c.key), func(off uint64) bool { return refs.has(want + off) })
		if err != nil || !refers {
			t.Errorf("%v does not refer to %s at %#x: %v", c.funcs, c.key, want, err)
		}
		checked++
	}
	if checked < 9 {
		t.Errorf("only %d variables checked", checked)
	}
}
