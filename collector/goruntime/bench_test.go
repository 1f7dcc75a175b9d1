package goruntime

import (
	"os"
	"path/filepath"
	"testing"
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
