package explain

import (
	"math"
	"reflect"
	"testing"
	"time"

	"whyres/collector/explain/causes"
	"whyres/collector/mem"
)

// told is what the frames tell the causes.
func told(frames ...mem.Frame) *causes.Trace {
	a := NewAccumulator()
	for _, f := range frames {
		a.Observe(f)
	}
	return a.history.trace(a.last, a.lost)
}

// fixed is mmap as runtime.sysUnusedOS and runtime.sysMapOS make it.
func fixed(stack ...string) mem.Event {
	return mem.Event{
		Call: mem.Mmap, Addr: mib, Ret: mib, Len: 64 * kib, Prot: 3, MapFlags: 0x32, FD: -1,
		Who: mem.WhoBackground, Stack: stack, Attributed: -64 * kib,
	}
}

// light is a sample without mappings.
func light(at mem.Instant, change func(s *mem.Sample)) mem.Frame {
	s := &mem.Sample{At: at, PID: pid, RSS: mem.RSS{Anon: 500 * kib}}
	change(s)
	return mem.Frame{At: at, Sample: s}
}

// Each fact by the frames that make it. Sizes in KiB.
func TestHistory(t *testing.T) {
	sum := func(calls, bytes uint64) causes.Sum { return causes.Sum{Calls: calls, Bytes: bytes * kib} }
	heap := mapped(101*sec, func(s *mem.Sample, v *mem.VMA) {
		s.Pages = &mem.GoPages{Arenas: []mem.Range{v.Range}}
	})
	reserved := mapped(101*sec, func(s *mem.Sample, v *mem.VMA) {
		s.Pages, v.Perms = &mem.GoPages{Arenas: []mem.Range{v.Range}}, "---p"
	})
	grew := int64(1 * mib)
	advised := func(who mem.Who, name string) mem.Event { return advice(release(who, 1024, 64, 0), name) }
	locked := mapped(101*sec, lockedAt1MiB)
	for _, c := range []struct {
		name   string
		frames []mem.Frame
		fact   func(*causes.Trace) any
		want   any
	}{
		{
			"asked, left, measured",
			[]mem.Frame{
				call(101*sec, background(1000, 64, 64), 500, 436),
				call(102*sec, got(background(2000, 64, 32), 16), 500, 468),
			},
			func(t *causes.Trace) any { return [...]any{t.Asked, t.Left, t.Measured, t.ToAllocator} },
			[...]any{sum(2, 128), int64(96 * kib), int64(32 * kib), int64(16 * kib)},
		},
		{
			"refused",
			[]mem.Frame{
				call(101*sec, failed(background(1000, 64, 0), "EINVAL"), 500, 500),
				call(102*sec, failed(background(1000, 32, 0), "EPERM"), 500, 500),
				call(103*sec, failed(background(1000, 64, 60), "ENOMEM"), 500, 440),
				call(104*sec, failed(noted(background(1000, 64, 0), mem.NoteNoReturn), "unknown"), 500, 500),
				call(105*sec, failed(advised(mem.WhoUser, "MADV_HUGEPAGE"), "EINVAL"), 500, 500),
				call(106*sec, failed(release(mem.WhoUser, 1000, 64, 0), "EINVAL"), 500, 500), // not Go's heap
				call(107*sec, failed(release(mem.WhoUnknown, 1000, 64, 0), "EINVAL"), 500, 500),
			},
			func(t *causes.Trace) any { return [...]any{t.Refused, t.RefusedLocked} },
			[...]any{map[string]causes.Sum{"EINVAL": sum(1, 64), "EPERM": sum(1, 32)}, causes.Sum{}},
		},
		{
			"refused over locked memory",
			[]mem.Frame{
				locked,
				call(102*sec, failed(background(1024, 64, 0), "EINVAL"), 500, 500),
				call(103*sec, failed(background(8192, 64, 0), "EINVAL"), 500, 500),
			},
			func(t *causes.Trace) any { return [...]any{t.Refused, t.RefusedLocked} },
			[...]any{map[string]causes.Sum{"EINVAL": sum(2, 128)}, sum(1, 64)},
		},
		{
			"refused, no stack, over heap",
			[]mem.Frame{heap, call(102*sec, failed(release(mem.WhoUnknown, 1024, 64, 0), "EPERM"), 500, 500)},
			func(t *causes.Trace) any { return [...]any{t.Own, t.Refused} },
			[...]any{sum(1, 64), map[string]causes.Sum{"EPERM": sum(1, 64)}},
		},
		{
			"the runtime's own",
			[]mem.Frame{
				call(101*sec, release(mem.WhoUser, 1000, 64, 64), 600, 536),
				call(102*sec, background(2000, 64, 64), 500, 436),
				call(103*sec, release(mem.WhoForced, 3000, 64, 32), 436, 404),
			},
			func(t *causes.Trace) any { return [...]any{t.Asked, t.Own, t.OwnLeft, t.OwnRES} },
			[...]any{sum(3, 192), sum(2, 128), int64(96 * kib), int64(436 * kib)},
		},
		{
			"no effect of another's call",
			[]mem.Frame{
				mapped(101*sec, func(_ *mem.Sample, v *mem.VMA) { v.Rss = mib }),
				call(102*sec, release(mem.WhoUser, 1024, 64, 0), 500, 500),
			},
			func(t *causes.Trace) any { return t.NoEffect },
			causes.Sum{},
		},
		{
			"khugepaged, after a release of half as much",
			[]mem.Frame{
				call(101*sec, background(1000, 512, 512), 900, 388),
				marked(102*sec, mem.Mark{Kind: mem.MarkCollapse, Grew: &grew}),
			},
			func(t *causes.Trace) any { return [...]any{t.Collapses, t.Refilled, t.Untold} },
			[...]any{sum(1, 1024), uint64(512 * kib), uint64(0)},
		},
		{
			"huge pages, once",
			[]mem.Frame{
				mapped(101*sec, func(s *mem.Sample, _ *mem.VMA) { s.Smaps.AnonHugePages = 2 * mib }),
				mapped(102*sec, func(*mem.Sample, *mem.VMA) {}),
			},
			func(t *causes.Trace) any { return t.HugePages }, uint64(2 * mib),
		},
		{
			"lazily",
			[]mem.Frame{
				call(101*sec, advice(background(1000, 64, 0), "MADV_FREE"), 500, 500),
				call(102*sec, failed(advice(background(1000, 64, 0), "MADV_FREE"), "EINVAL"), 500, 500),
			},
			func(t *causes.Trace) any { return t.Lazy }, sum(1, 64),
		},
		{
			"no effect",
			[]mem.Frame{
				mapped(101*sec, func(_ *mem.Sample, v *mem.VMA) { v.Rss = mib }),
				call(102*sec, background(1024, 64, 0), 500, 500),
				call(103*sec, background(1024, 64, 0), 500, 500), // released by now, as far as is known
			},
			func(t *causes.Trace) any { return t.NoEffect }, sum(1, 64),
		},
		{
			"no effect, but something was swapped out meanwhile",
			[]mem.Frame{
				mapped(101*sec, func(_ *mem.Sample, v *mem.VMA) { v.Rss = mib }),
				{At: 102 * sec, Event: &mem.Event{
					PID: pid, At: 102 * sec, Call: mem.Madvise, Advice: "MADV_DONTNEED", Addr: mib, Len: 4096,
					Before: mem.RSS{Anon: mib, Swap: 4096}, After: mem.RSS{Anon: mib, Swap: 4096},
				}},
			},
			func(t *causes.Trace) any { return t.NoEffect },
			causes.Sum{},
		},
		{
			"mapped anew, by the stack",
			[]mem.Frame{
				call(101*sec, fixed("runtime.mmap", "runtime.sysUnusedOS", "runtime.sysUnused", "runtime.(*pageAlloc).scavengeOne"), 500, 436),
				call(102*sec, fixed("runtime.mmap", "runtime.sysMapOS", "runtime.sysMap", "runtime.(*mheap).grow"), 500, 500),
				call(103*sec, fixed("syscall.Syscall6", "main.main"), 500, 500),
				call(104*sec, failed(fixed("runtime.sysUnusedOS"), "ENOMEM"), 500, 500),
			},
			func(t *causes.Trace) any { return t.Fixed }, sum(1, 64),
		},
		{
			"mapped anew, no stack, over heap",
			[]mem.Frame{heap, call(102*sec, fixed(), 500, 436)},
			func(t *causes.Trace) any { return t.Fixed }, sum(1, 64),
		},
		{
			"a fresh arena, no stack, over what was reserved",
			[]mem.Frame{reserved, call(102*sec, fixed(), 500, 500)},
			func(t *causes.Trace) any { return t.Fixed },
			causes.Sum{},
		},
		{
			"no stack, nothing known",
			[]mem.Frame{call(102*sec, fixed(), 500, 500)},
			func(t *causes.Trace) any { return t.Fixed },
			causes.Sum{},
		},
		{
			"the runtime's advices",
			[]mem.Frame{
				call(101*sec, advised(mem.WhoRuntime, "MADV_HUGEPAGE"), 500, 500),
				call(102*sec, advised(mem.WhoGrowth, "MADV_COLLAPSE"), 500, 500),
				call(103*sec, advised(mem.WhoBackground, "MADV_COLLAPSE"), 500, 500),
				call(104*sec, advised(mem.WhoRuntime, "MADV_NOHUGEPAGE"), 500, 500),
				call(105*sec, advised(mem.WhoUser, "MADV_HUGEPAGE"), 500, 500),
				call(106*sec, advised(mem.WhoCgo, "MADV_NOHUGEPAGE"), 500, 500),
				call(107*sec, failed(advised(mem.WhoRuntime, "MADV_COLLAPSE"), "EINVAL"), 500, 500),
			},
			func(t *causes.Trace) any {
				return [...]any{t.HugeAdvice, t.CollapseAdvice, t.NoHugeAdvice, t.HugeByOthers}
			},
			[...]any{sum(1, 64), sum(2, 128), sum(1, 64), sum(1, 64)},
		},
		{
			"khugepaged",
			[]mem.Frame{
				marked(101*sec, mem.Mark{Kind: mem.MarkCollapse, Grew: &grew}),
				marked(102*sec, mem.Mark{Kind: mem.MarkCollapse}),
				marked(103*sec, mem.Mark{Kind: mem.MarkCollapse, Asked: true, Grew: &grew}),
				marked(104*sec, mem.Mark{Kind: mem.MarkCollapse, PID: 8, Grew: &grew}),
			},
			func(t *causes.Trace) any { return [...]any{t.Collapses, t.Untold, t.Refilled} },
			[...]any{sum(2, 1024), uint64(1), uint64(0)},
		},
		{
			"while a forked child lives",
			[]mem.Frame{
				call(101*sec, background(1000, 64, 64), 500, 436),
				marked(102*sec, mem.Mark{Kind: mem.MarkFork, Child: 8}),
				call(103*sec, background(2000, 64, 64), 500, 436),
				call(104*sec, failed(background(3000, 64, 0), "EINVAL"), 436, 436),
				marked(105*sec, mem.Mark{Kind: mem.MarkExit, PID: 8}),
				call(106*sec, background(4000, 64, 64), 500, 436),
			},
			func(t *causes.Trace) any { return t.Shared }, sum(1, 64),
		},
		{
			"taken again, and what is resident again at the end",
			[]mem.Frame{
				call(101*sec, background(1000, 64, 64), 500, 436),
				call(105*sec, background(1000, 64, 48), 500, 452),
				call(120*sec, background(1000, 64, 16), 500, 484),
				mapped(121*sec, func(s *mem.Sample, _ *mem.VMA) { s.Returned = &mem.Returned{Resident: 8 * kib} }),
			},
			func(t *causes.Trace) any { return [...]any{t.Refaulted, t.RefaultedSoon} },
			[...]any{uint64(48+16+8) * kib, uint64(48 * kib)},
		},
		{
			"at the limit",
			[]mem.Frame{
				call(101*sec, release(mem.WhoLimit, 1000, 64, 64), 500, 436),
				call(102*sec, release(mem.WhoGrowth, 2000, 64, 64), 500, 436),
			},
			func(t *causes.Trace) any { return t.AtLimit }, sum(1, 64),
		},
		{
			"first and last",
			[]mem.Frame{
				light(101*sec, func(s *mem.Sample) { s.RSS.Swap = 4 * kib }),
				mapped(102*sec, func(s *mem.Sample, _ *mem.VMA) { s.Pages = &mem.GoPages{} }),
				mapped(103*sec, func(s *mem.Sample, _ *mem.VMA) { s.Pages = &mem.GoPages{Goroutines: &mem.Goroutines{Count: 10}} }),
				mapped(104*sec, func(s *mem.Sample, _ *mem.VMA) { s.Pages = &mem.GoPages{Goroutines: &mem.Goroutines{Count: 30}} }),
				light(105*sec, func(s *mem.Sample) { s.RSS = mem.RSS{Anon: 700 * kib, Swap: 12 * kib} }),
			},
			func(t *causes.Trace) any {
				return [...]any{t.RESFirst, t.SwapFirst, t.SwapLast, t.GoroutinesFirst, t.GoroutinesLast}
			},
			[...]any{int64(500 * kib), int64(4 * kib), int64(12 * kib), 10, 30},
		},
		{
			"goroutines",
			[]mem.Frame{
				mapped(102*sec, func(s *mem.Sample, _ *mem.VMA) { s.Pages = &mem.GoPages{} }),
				mapped(103*sec, func(s *mem.Sample, _ *mem.VMA) { s.Pages = &mem.GoPages{Goroutines: &mem.Goroutines{Count: 10}} }),
				mapped(104*sec, func(s *mem.Sample, _ *mem.VMA) { s.Pages = &mem.GoPages{Goroutines: &mem.Goroutines{Count: 30}} }),
			},
			func(t *causes.Trace) any { return t.GoroutineCounts },
			[]causes.GoroutineCount{{At: 103 * sec, Count: 10}, {At: 104 * sec, Count: 30}},
		},
		{
			"what GCs found live",
			[]mem.Frame{
				light(101*sec, func(s *mem.Sample) { s.MemStats = &mem.MemStats{NumGC: 3, HeapMarked: 5} }),
				light(102*sec, func(s *mem.Sample) { s.MemStats = &mem.MemStats{NumGC: 3, HeapMarked: 5} }),
				light(103*sec, func(s *mem.Sample) { s.MemStats = &mem.MemStats{NumGC: 4} }),
				light(104*sec, func(s *mem.Sample) { s.MemStats = &mem.MemStats{NumGC: 6, HeapMarked: 7} }),
			},
			func(t *causes.Trace) any { return t.Marked },
			[]causes.Marked{{NumGC: 3, At: 101 * sec, Bytes: 5}, {NumGC: 6, At: 104 * sec, Bytes: 7}},
		},
		{
			"duration",
			[]mem.Frame{light(160*sec, func(*mem.Sample) {})},
			func(t *causes.Trace) any { return [...]any{t.Duration, t.FromStart} },
			[...]any{time.Minute, false},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			frames := append([]mem.Frame{header()}, c.frames...)
			if got := c.fact(told(frames...)); !reflect.DeepEqual(got, c.want) {
				t.Errorf("%+v, want %+v", got, c.want)
			}
			// Of another program nothing is told.
			exec := marked(200*sec, mem.Mark{Kind: mem.MarkExec})
			if got, want := told(append(frames, exec)...), (&causes.Trace{FromStart: true}); !reflect.DeepEqual(got, want) {
				t.Errorf("after an exec: %+v, want %+v", got, want)
			}
		})
	}
}

func TestGoroutineCountsAreBounded(t *testing.T) {
	a := NewAccumulator()
	const looks = 5000
	for i := range looks {
		a.Observe(mapped(mem.Instant(i+1)*sec, func(s *mem.Sample, _ *mem.VMA) {
			s.Pages = &mem.GoPages{Goroutines: &mem.Goroutines{Count: i + 1}}
		}))
	}
	got := a.history.trace(a.last, 0).GoroutineCounts
	if len(got) > causes.MaxMarked || got[0].Count != 1 || got[len(got)-1].Count != looks {
		t.Fatalf("%d counts, from %+v to %+v", len(got), got[0], got[len(got)-1])
	}
}

// The points are bounded, the first and the newest among them, in order.
func TestMarkedIsBounded(t *testing.T) {
	a := NewAccumulator()
	const gcs = 5000
	for i := range gcs {
		a.Observe(light(mem.Instant(i+1)*sec, func(s *mem.Sample) {
			s.MemStats = &mem.MemStats{NumGC: uint32(i + 1), HeapMarked: uint64(i + 1)}
		}))
		if i < causes.MaxMarked && len(a.history.marks.seen) != i+1 {
			t.Fatalf("%d of %d points", len(a.history.marks.seen), i+1)
		}
	}
	got := a.history.trace(a.last, 0).Marked
	if len(got) > causes.MaxMarked || got[0].NumGC != 1 || got[len(got)-1].NumGC != gcs {
		t.Fatalf("%d points, from %+v to %+v", len(got), got[0], got[len(got)-1])
	}
	for i := 1; i < len(got); i++ {
		if got[i].NumGC <= got[i-1].NumGC || got[i].Bytes != uint64(got[i].NumGC) {
			t.Fatalf("%+v after %+v", got[i], got[i-1])
		}
	}
}

// Errnos and children come from outside.
func TestHistoryIsBounded(t *testing.T) {
	a := NewAccumulator()
	a.Observe(header())
	for i := range 3 * maxPIDs {
		a.Observe(call(101*sec, failed(background(0, 64, 0), string(rune('A'+i))), 1, 1))
		a.Observe(marked(101*sec, mem.Mark{Kind: mem.MarkFork, Child: 10 + i}))
		a.Observe(call(101*sec, mem.Event{Call: mem.Madvise, Advice: "MADV_POPULATE_WRITE", Addr: mem.Addr(i * 64 * kib), Len: 4096}, 1, 1))
	}
	h := &a.history
	if len(h.t.Refused) > maxErrnos || len(h.children.pids) > maxPIDs || h.resident.set.Count() > maxResident {
		t.Errorf("%d errnos, %d children, %d ranges: no bound", len(h.t.Refused), len(h.children.pids), h.resident.set.Count())
	}
	a.Observe(call(math.MaxInt64, mem.Event{Call: mem.Brk, Ret: -1}, 1, 1))
	a.Observe(call(math.MaxInt64, mem.Event{Call: mem.Munmap, Addr: math.MaxUint64, Len: math.MaxUint64}, 1, 1))
}
