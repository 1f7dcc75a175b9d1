package goruntime

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"whyres/collector/mem"
)

// TestSymbolizer resolves addresses that a program with C code says its
// functions have, in every kind of linking.
func TestSymbolizer(t *testing.T) {
	t.Parallel()
	if _, err := exec.LookPath("gcc"); err != nil {
		t.Skip("no gcc: the frames of C code are not tried")
	}
	src, err := os.ReadFile(filepath.Join("testdata", "cgotarget", "main.go"))
	if err != nil {
		t.Fatal(err)
	}
	for _, toolchain := range toolchains(t) {
		for _, args := range [][]string{
			nil,
			{"-ldflags=-w"},
			{"-ldflags=-s"},
			{"-buildmode=pie"},
			{"-buildmode=pie", "-ldflags=-s"},
		} {
			t.Run(toolchain+strings.Join(args, " "), func(t *testing.T) {
				t.Parallel()
				program := buildProgram(t, toolchain, string(src), args...)
				c := startTarget(t, program)
				s := symbolizerOf(t, c.pid)
				stripped := strings.Contains(strings.Join(args, " "), "-s")
				checkFrames(t, s, c, stripped)
				target, err := Open("/proc", c.pid)
				if err != nil {
					t.Fatal(err)
				}
				if !target.Binary.Cgo || !target.Binary.CgoKnown {
					t.Error("Cgo is not known of a program with C code")
				}
			})
		}
	}
}

func symbolizerOf(t *testing.T, pid int) *Symbolizer {
	t.Helper()
	start := time.Now()
	s, err := NewSymbolizer("/proc", pid)
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("NewSymbolizer: %v", time.Since(start))
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

func checkFrames(t *testing.T, s *Symbolizer, c child, stripped bool) {
	t.Helper()
	got := s.Stack(0, []uint64{c.said["libc"], c.said["c"] + 2, c.said["go"] + 2, 0x1000, c.said["go"]})
	if len(got) != 5 {
		t.Fatalf("%d frames of 5: %q", len(got), got)
	}
	if !strings.HasPrefix(got[0], "libc.so.6!") || !strings.HasSuffix(got[0], "pause") {
		t.Errorf("libc frame %q, want libc.so.6!pause", got[0])
	}
	if want := "target!whyres_c_function"; got[1] != want && (!stripped || !strings.HasPrefix(got[1], "target")) {
		t.Errorf("C frame %q, want %q", got[1], want)
	}
	if got[2] != "main.goFunction" {
		t.Errorf("Go frame %q, want main.goFunction", got[2])
	}
	if got[3] != "0xfff" {
		t.Errorf("unmapped frame %q, want its address 0xfff", got[3])
	}
	if got[4] == "main.goFunction" {
		t.Errorf("a return address at a function's entry belongs to the function before, not to %q", got[4])
	}
}

// TestSymbolizerReadsMapsOnceASecond: an address in no mapping must not cost a
// reading of the maps each time.
func TestSymbolizerReadsMapsOnceASecond(t *testing.T) {
	s := symbolizerOf(t, os.Getpid())
	for _, step := range []struct {
		now  mem.Instant
		want bool
	}{{0, true}, {5, false}, {mem.Instant(time.Second) - 1, false}, {mem.Instant(time.Second), true}} {
		if got := s.refresh(step.now); got != step.want {
			t.Errorf("refresh at %d ns: %v, want %v", step.now, got, step.want)
		}
	}
}

func TestBounds(t *testing.T) {
	if got := len(bounded(strings.Repeat("x", 5000))); got != 200 {
		t.Errorf("a name of 5000 bytes was kept at %d, want 200", got)
	}
	s := symbolizerOf(t, os.Getpid())
	if got := len(s.Stack(0, make([]uint64, 10000))); got != maxFrames {
		t.Errorf("a stack of 10000 frames was kept at %d, want %d", got, maxFrames)
	}
}
