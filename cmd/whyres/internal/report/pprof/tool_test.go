package pprof

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// TestGoToolPprof: the real tool reads the file, and comes to the same totals.
func TestGoToolPprof(t *testing.T) {
	file := filepath.Join(t.TempDir(), "out.pb.gz")
	if err := os.WriteFile(file, exported(t, handBuilt()), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, want := range handBuiltTotals {
		t.Run(name, func(t *testing.T) {
			out := tool(t, "-top", "-sample_index="+name, file)
			if got := totalOf(t, out); got != want {
				t.Errorf("%d, want %d:\n%s", got, want, out)
			}
			for _, line := range []string{"File: server\n", "Type: " + name + "\n"} {
				if !strings.Contains(out, line) {
					t.Errorf("no %q in:\n%s", line, out)
				}
			}
		})
	}
	t.Run("by default", func(t *testing.T) {
		if out := tool(t, "-top", file); !strings.Contains(out, "Type: left_res\n") {
			t.Error(out)
		}
	})
	t.Run("by label", func(t *testing.T) {
		// 6 MiB of all 7 are of the scavenger.
		out := tool(t, "-top", "-sample_index=released", "-tagfocus=who=background", file)
		if got := totalOf(t, out); got != handBuiltTotals["released"] {
			t.Errorf("%d:\n%s", got, out)
		}
		if !strings.Contains(out, "Showing nodes accounting for 6MB") {
			t.Error(out)
		}
	})
	t.Run("comments", func(t *testing.T) {
		if out := tool(t, "-comments", file); !strings.Contains(out, "kernel: Linux 6.18.44") {
			t.Error(out)
		}
	})
}

func tool(t *testing.T, args ...string) string {
	t.Helper()
	c := exec.Command("go", append([]string{"tool", "pprof"}, args...)...)
	c.Env = append(os.Environ(), "PPROF_TMPDIR="+t.TempDir())
	var problems strings.Builder
	c.Stderr = &problems
	out, err := c.Output()
	if err != nil {
		t.Fatalf("go tool pprof %v: %v\n%s", args, err, problems.String())
	}
	return string(out)
}

// totalOf reads the total that the tool has printed, which it rounds to its unit:
// the sums of the hand-built recording have no rest in theirs.
func totalOf(t *testing.T, out string) int64 {
	t.Helper()
	m := regexp.MustCompile(`of ([0-9.]+)([a-zA-Z]*) total`).FindStringSubmatch(out)
	if m == nil {
		t.Fatalf("no total in:\n%s", out)
	}
	n, err := strconv.ParseFloat(m[1], 64)
	if err != nil {
		t.Fatal(err)
	}
	unit, known := map[string]float64{"": 1, "B": 1, "kB": 1 << 10, "MB": 1 << 20, "GB": 1 << 30, "ns": 1}[m[2]]
	if !known {
		t.Fatalf("unit %q in:\n%s", m[2], out)
	}
	return int64(n * unit)
}
