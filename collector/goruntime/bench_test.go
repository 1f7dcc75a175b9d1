package goruntime

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"whyres/collector/kernel"
	"whyres/collector/mem"
)

// BenchmarkMemStats reads a target at rest.
func BenchmarkMemStats(b *testing.B) {
	target, err := Open("/proc", benchTarget(b))
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if _, err := target.MemStats(); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkOpen finds the runtime of a small program with DWARF.
func BenchmarkOpen(b *testing.B) {
	pid := benchTarget(b)
	for b.Loop() {
		if _, err := Open("/proc", pid); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkOpenStripped finds the runtime of a small program in its memory.
func BenchmarkOpenStripped(b *testing.B) {
	pid := startTarget(b, buildTarget(b, "local", "-ldflags=-s")).pid
	for b.Loop() {
		if _, err := Open("/proc", pid); err != nil {
			b.Fatal(err)
		}
	}
}

func benchTarget(b *testing.B) int {
	b.Helper()
	src, err := os.ReadFile(filepath.Join("testdata", "target", "main.go"))
	if err != nil {
		b.Fatal(err)
	}
	return startTarget(b, buildProgram(b, "local", string(src))).pid
}

// BenchmarkWalk reads heaps of 1 and 8 GiB, a quarter of them large objects and
// the rest objects of 1,000 bytes, and a million goroutines. The whole has
// residency by the kernel package.
func BenchmarkWalk(b *testing.B) {
	src, err := os.ReadFile(filepath.Join("testdata", "shapes", "main.go"))
	if err != nil {
		b.Fatal(err)
	}
	program := buildProgram(b, "local", string(src))
	for _, s := range []struct{ name, shape, n string }{
		{"1GiB", "heap", "1024"},
		{"8GiB", "heap", "8192"},
		{"spans", "spans", "4096"},
		{"goroutines", "dead", "1000000"},
	} {
		b.Run(s.name, func(b *testing.B) {
			if testing.Short() && s.name != "1GiB" {
				b.Skip("-short: takes up to 9 GiB of memory")
			}
			c := start(b, exec.Command(program, s.shape, s.n))
			defer c.end()
			target, err := Open("/proc", c.pid)
			if err != nil {
				b.Fatal(err)
			}
			process, err := kernel.Default().Open(c.pid, kernel.Options{})
			if err != nil {
				b.Fatal(err)
			}
			defer func() { _ = process.Close() }()
			var asked time.Duration
			walk := WalkOptions{Sizes: true, Resident: func(r []mem.Range, visit func(mem.Range, mem.PageKind)) error {
				began := time.Now()
				defer func() { asked += time.Since(began) }()
				return process.Pages(r, visit)
			}}
			for b.Loop() {
				h, err := target.Walk(walk)
				if err != nil {
					b.Fatal(err)
				}
				if !h.Pages.Agrees || h.Pages.InUse.Resident < h.Pages.InUse.Bytes/2 {
					b.Fatalf("%+v", h.Pages)
				}
			}
			b.ReportMetric(asked.Seconds()*1e3/float64(b.N), "ms-pagemap/op")
			b.ReportMetric(b.Elapsed().Seconds()*1e3/float64(b.N), "ms/op")
		})
	}
}
