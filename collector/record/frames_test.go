package record

import (
	"bytes"
	"errors"
	"io"
	"math"
	"testing"
	"time"

	"whyres/collector/mem"
)

// handBuilt is one recording with every kind of frame and every field in use.
func handBuilt() []mem.Frame {
	const zero = mem.Instant(1_000_000_000)
	maxPtesNone := 511
	got := int64(3 << 20)
	header := &mem.Header{
		Schema: mem.Schema, Tool: "0.1.0", Time: time.Date(2026, 3, 1, 14, 0, 0, 123456789, time.UTC), Mono: zero,
		Host: mem.Host{Kernel: "6.18.44", Arch: "amd64", PageSize: 4096, THP: "madvise", CPUs: 2, MaxPtesNone: &maxPtesNone, SwapTotal: 2 << 30},
		Process: mem.Process{
			PID: 4242, Comm: "server", Exe: "/usr/bin/server", GoVersion: "go1.26.8", Cgo: true, Up: 7_000_000_000,
			Sanitizer: "race", Env: map[string]string{"GOGC": "50", "GODEBUG": "x=\x1b[31m"}, Seccomp: true,
		},
		FromStart: true, Children: true, Attach: "raw_tracepoint", Missing: []string{"VMA names: the kernel has none"},
	}
	release := &mem.Event{
		At: zero + 10, Dur: 1200, PID: 4242, TID: 4243, Call: mem.Madvise, Addr: 0xc000400000, Len: 4 << 20,
		Advice: "MADV_DONTNEED", Before: mem.RSS{Anon: 40 << 20, File: 2 << 20}, After: mem.RSS{Anon: 36 << 20, File: 2 << 20, Swap: 4096},
		Attributed: -4 << 20, ToAllocator: &got, Go: mem.GoCounters{HeapInuse: 5 << 20, HeapReleased: 3 << 20, HeapFree: 24 << 20},
		Who: mem.WhoBackground, Stack: []string{"runtime.sysUnused", `main.f[go.shape."x"]`}, Notes: []string{mem.NoteShared},
	}
	mapped := &mem.Event{
		At: zero + 20, PID: 4242, TID: 4242, Call: mem.Mmap, Addr: math.MaxUint64, Len: math.MaxUint64, Prot: 3, MapFlags: 0x22,
		FD: -1, Offset: 4096, Ret: -1, Errno: "ENOMEM", Who: mem.WhoGrowth,
	}
	moved := &mem.Event{
		At: zero + 30, Call: mem.Mremap, NewLen: 8192, RemapFlags: 1, NewAddr: 0x7f0000000000, Who: mem.WhoCgo,
	}
	named := &mem.Event{At: zero + 31, Call: mem.PrctlSetVMA, Name: "Go: heap\x00\xff\u2028", TargetFD: 7, Vectors: 3}
	worked := int64(73_000_000)
	sample := &mem.Sample{
		At: zero + 40, Dur: 900_000, PID: 4242, RSS: mem.RSS{Anon: 36 << 20, File: 2 << 20, Shmem: 4096}, RSSSource: "smaps_rollup",
		Threads: 7, VMSize: 1 << 30, VMPTE: 200 << 10, VMLck: 4096, VMHWM: 50 << 20,
		MemStats: &mem.MemStats{
			Source: "memory", HeapSys: 64 << 20, HeapInuse: 5 << 20, HeapIdle: 27 << 20, HeapReleased: 3 << 20,
			NextGC: math.MaxUint64, NumGC: 4, LastGC: zero + 5, GCPercent: -1, MemoryLimit: math.MaxInt64,
			ScavengeGCPercentGoal: math.MaxUint64, GCCPU: &worked, ScavengeCPU: new(int64), Torn: true, Retries: 2,
		},
		Smaps:   &mem.Smaps{Rss: 38 << 20, LazyFree: 4096},
		VMAs:    []mem.VMA{{Range: mem.RangeAt(0xc000000000, 64<<20), Perms: "rw-p", Path: "[anon: Go: heap]", Rss: 30 << 20}},
		VMAsCut: 3, VMAsCutRSS: 12 << 10,
		Pages: &mem.GoPages{
			Arenas: []mem.Range{mem.RangeAt(0xc000000000, 64<<20)}, Idle: mem.Amount{Bytes: 24 << 20, Resident: 23 << 20}, Agrees: true,
			Dense: mem.Amount{Bytes: 20 << 20, Resident: 20 << 20}, Next: mem.Amount{Bytes: 19 << 20, Resident: 18 << 20, Huge: 2 << 20},
			Now: mem.Amount{Bytes: 4 << 20, Resident: 3 << 20}, Searched: true,
			ChunkBytes: 4 << 20,
			Chunks: []mem.GoChunk{
				{At: 0xc000000000, InUse: mem.Share{3 << 20, 3<<20 - 4096}, Stacks: mem.Share{1 << 20, 0}},
				{At: 0xc000400000, Idle: mem.Share{2 << 20, 8192}, Released: mem.Share{1 << 20, 0}, Reserved: mem.Share{1 << 20, 4096}},
			},
			Sizes:      []mem.SizeClass{{Class: 3, Size: 24, Spans: 2, Objects: 9, InUse: mem.Amount{Bytes: 16 << 10, Resident: 8 << 10}, Allocated: 216, Free: 16000}},
			Goroutines: &mem.Goroutines{Count: 4, DeadCount: 2, DeadHolding: 1, Live: mem.Amount{Bytes: 32 << 10, Resident: 28 << 10}},
		},
		Clock: &mem.GoClock{
			SysmonRan: zero + 6, SysmonWakes: zero + 60_000_000_006, SysmonSleep: 60_000_000_000, Timer: zero + 90_000_000_000,
			ScavengerParked: true, ScavengerAsked: true, ScavengerRead: true, GCRunning: true, Sweeping: true,
			Advice: "MADV_DONTNEED", NoShrinkStacks: true, MemProfileRate: 512 << 10,
		},
		Returned: &mem.Returned{Ranges: 1, Bytes: 4 << 20, Resident: 8192}, Last: true,
		Cgroup: &mem.Cgroup{
			Path: "/a", Processes: 3, Limit: 1 << 30, Usage: 90 << 20, WorkingSet: 80 << 20, Anon: 40 << 20, File: 30 << 20,
			InactiveFile: 10 << 20, Shmem: 4096, Kernel: 5 << 20, Sock: 4 << 20, Slab: 3 << 20, PageTables: 1 << 20, Swap: 8192,
		},
	}
	gc := &mem.Mark{At: zero + 50, Kind: mem.MarkGC, PID: 4242, NumGC: 9, First: 5, Why: "2 min idle"}
	exec := &mem.Mark{At: zero + 60, Kind: mem.MarkExec, PID: 4250, Comm: "sh\x1b[31m", Why: "server"}
	exit := &mem.Mark{At: zero + 70, Kind: mem.MarkExit, PID: 4250, ExitCode: 2, Signal: 9, RSS: mem.RSS{Anon: 4096}}
	fork := &mem.Mark{At: zero + 55, Kind: mem.MarkFork, PID: 4242, Child: 4250, SameMemory: true}
	collapse := &mem.Mark{At: zero + 56, Kind: mem.MarkCollapse, PID: 4242, Asked: true, Grew: &got, RSS: mem.RSS{Anon: 39 << 20}}
	lost := &mem.Lost{At: zero + 80, Total: 12345, PerCPU: []uint64{12000, 345}, New: 45, Reasons: map[string]uint64{"ring full": 45}}
	end := &mem.Mark{At: zero + 90, Kind: mem.MarkEnd, PID: 4242, Why: "interrupt"}
	return []mem.Frame{
		{At: header.Mono, Header: header},
		{At: release.At, Event: release},
		{At: mapped.At, Event: mapped},
		{At: moved.At, Event: moved},
		{At: named.At, Event: named},
		{At: sample.At, Sample: sample},
		{At: gc.At, Mark: gc},
		{At: fork.At, Mark: fork},
		{At: collapse.At, Mark: collapse},
		{At: exec.At, Mark: exec},
		{At: exit.At, Mark: exit},
		{At: lost.At, Lost: lost},
		{At: end.At, Mark: end},
	}
}

// written encodes frames.
func written(t testing.TB, frames []mem.Frame, options ...WriterOption) []byte {
	t.Helper()
	var out bytes.Buffer
	w, err := NewWriter(&out, options...)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range frames {
		if err := w.Write(f); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// readAll reads to the end; damaged lines are gathered, any other error is
// returned.
func readAll(t testing.TB, in io.Reader) (frames []mem.Frame, damaged []*LineError, err error) {
	t.Helper()
	r, err := NewReader(in)
	if err != nil {
		return nil, nil, err
	}
	defer r.Close()
	for {
		f, err := r.Next()
		var bad *LineError
		switch {
		case errors.Is(err, io.EOF):
			return frames, damaged, nil
		case errors.As(err, &bad):
			damaged = append(damaged, bad)
		case err != nil:
			return frames, damaged, err
		default:
			frames = append(frames, f)
		}
	}
}
