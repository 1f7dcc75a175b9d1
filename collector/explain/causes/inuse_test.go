package causes

import (
	"testing"
	"time"

	"whyres/collector/ledger"
	"whyres/collector/mem"
)

func TestInUse(t *testing.T) {
	live := leaf{ledger.HeapLive, 60}
	goroutines := func(alive, dead int, stacks uint64) func(*Facts) {
		amount := mem.Amount{Bytes: stacks * oneMiB, Resident: stacks * oneMiB}
		return pages(mem.GoPages{Goroutines: &mem.Goroutines{Count: alive, DeadCount: dead, DeadHolding: dead, Live: amount}})
	}
	traced := func(first, last int, d time.Duration) func(*Facts) {
		return func(f *Facts) {
			f.Trace = &Trace{Duration: d, GoroutinesFirst: first, GoroutinesLast: last}
		}
	}
	// counted are counts each tenth of a minute.
	counted := func(counts ...int) func(*Facts) {
		return func(f *Facts) {
			f.Trace = &Trace{Duration: time.Minute, GoroutinesFirst: counts[0], GoroutinesLast: counts[len(counts)-1]}
			for i, n := range counts {
				f.Trace.GoroutineCounts = append(f.Trace.GoroutineCounts, GoroutineCount{At: mem.Instant(i) * mem.Instant(time.Minute) / 10, Count: n})
			}
		}
	}
	settled := lastGCAgo(150 * time.Second)
	idle := func(f *Facts) {
		f.Sample.Clock = &mem.GoClock{SysmonRan: f.Sample.At.Add(-12 * time.Second), SysmonWakes: f.Sample.At.Add(48 * time.Second), SysmonSleep: int64(time.Minute)}
	}
	empty := func(f *Facts) { f.Sample.Pages.Goroutines.DeadHolding = 0 }
	marked := func(every time.Duration, mib ...uint64) func(*Facts) {
		return func(f *Facts) {
			f.Trace = &Trace{}
			for i, n := range mib {
				f.Trace.Marked = append(f.Trace.Marked, Marked{NumGC: uint32(20 + i), At: mem.Instant(time.Duration(i+1) * every), Bytes: n * oneMiB})
			}
		}
	}
	debug := func(setting string) func(*Facts) {
		return func(f *Facts) { f.Process.Env = map[string]string{"GODEBUG": setting} }
	}
	resident := func(mib uint64, sizes ...mem.SizeClass) func(*Facts) {
		return pages(mem.GoPages{InUse: mem.Amount{Bytes: mib * oneMiB, Resident: mib * oneMiB}, Sizes: sizes})
	}
	system := func(spans, inUse, buckets uint64) func(*Facts) {
		return func(f *Facts) {
			m := f.Sample.MemStats
			m.MSpanSys, m.MSpanInuse, m.BuckHashSys = spans*oneMiB, inUse*oneMiB, buckets*oneMiB
		}
	}
	// 32768 records of 480 bytes are 15 MiB.
	const many = 32 << 10
	checkHeap(t, []heapCase{
		{"stacks and records", deadGoroutines, goFacts(with(settled, goroutines(10, many, 0)), live, leaf{ledger.StacksDead, 64}), Proved, 79, "480 bytes of the heap in go1.26.8"},
		{"records alone", deadGoroutines, goFacts(with(settled, goroutines(10, many, 0)), live), Proved, 15, "records are never freed"},
		{"records that the last GC did not see", deadGoroutines, goFacts(with(settled, goroutines(10, many, 0)), leaf{ledger.HeapLive, 10}, leaf{ledger.HeapGarbage, 10}), Proved, 15, "15.0 MiB in all"},
		{"records of unknown size", deadGoroutines, goFacts(with(idle, goroutines(10, many, 0), builtBy("go1.99")), live, leaf{ledger.StacksDead, 64}), Likely, 64, "by force in 1m00s"},
		{"more free stacks than their own", deadGoroutines, goFacts(with(settled, goroutines(10, many, 0)), live, leaf{ledger.StacksDead, 4}, leaf{ledger.StacksIdle, 64}), Likely, 83, "64.0 MiB of stacks are free"},
		{"between two waves", deadGoroutines, goFacts(with(busy, lastGCAgo(time.Second), goroutines(10, many, 0)), live, leaf{ledger.StacksDead, 64}), Possible, 79, "uses these again"},
		{"nothing has run for a while", deadGoroutines, goFacts(with(idle, busy, lastGCAgo(15*time.Second), goroutines(10, many, 0)), live, leaf{ledger.StacksDead, 64}), Likely, 79, "64.0 MiB are stacks, which wait for a GC, and 15.0 MiB records, which are never freed"},
		{"no stacks", deadGoroutines, goFacts(with(settled, goroutines(10, many, 0), empty), live), Proved, 15, "none of the ended holds a stack any more"},
		{"as many alive", deadGoroutines, goFacts(goroutines(many, many, 0), live, leaf{ledger.StacksDead, 64}), Possible, 79, "a limit on connections"},
		{"few", deadGoroutines, goFacts(goroutines(10, 500, 0), live, leaf{ledger.StacksDead, 64}), "", 0, ""},
		{"not read", deadGoroutines, goFacts(nil, live, leaf{ledger.StacksDead, 64}), "", 0, ""},

		{"one look", goroutineLeak, goFacts(goroutines(many, 0, 64), live, leaf{ledger.StacksInUse, 64}), Possible, 79, "2.0 KiB each on average"},
		{"their number grows", goroutineLeak, goFacts(with(goroutines(many, 0, 64), counted(20000, 22000, 24000, 26000, 28000, many)), live, leaf{ledger.StacksInUse, 64}), Likely, 79, "from 20000 to 32768"},
		{"their number grew at the start", goroutineLeak, goFacts(with(goroutines(many, 0, 64), counted(1000, 20000, 30000, 32700, 32700, 32700, many)), live, leaf{ledger.StacksInUse, 64}), Possible, 79, "in the last 12 s of it by 68"},
		{"their number grows, and the end was not seen", goroutineLeak, goFacts(with(goroutines(many, 0, 64), counted(20000, many)), live, leaf{ledger.StacksInUse, 64}), Possible, 79, "was not seen"},
		{"a leak of large stacks has all of them", goroutineLeak, goFacts(goroutines(many, 0, 512), live, leaf{ledger.StacksInUse, 512}), Possible, 527, "16.0 KiB each on average"},
		{"stacks that never shrink are another cause's", goroutineLeak, goFacts(with(goroutines(many, 0, 512), debug("gcshrinkstackoff=1")), live, leaf{ledger.StacksInUse, 512}), Possible, 79, "16.0 KiB each on average"},
		{"their number grows, but not for long", goroutineLeak, goFacts(with(goroutines(many, 0, 64), traced(20000, many, 50*time.Second)), live, leaf{ledger.StacksInUse, 64}), Possible, 79, "trace -p 7"},
		{"their number stays", goroutineLeak, goFacts(with(goroutines(many, 0, 64), traced(30000, many, time.Hour)), live, leaf{ledger.StacksInUse, 64}), Possible, 79, "from 30000"},
		{"few", goroutineLeak, goFacts(goroutines(900, 0, 64), live, leaf{ledger.StacksInUse, 64}), "", 0, ""},

		{"no shrinking", grownStacks, goFacts(with(goroutines(512, 0, 33), debug("gctrace=0,gcshrinkstackoff=1")), live, leaf{ledger.StacksInUse, 33}), Likely, 32, "without gcshrinkstackoff=1"},
		{"the last setting counts", grownStacks, goFacts(with(goroutines(512, 0, 33), debug("gcshrinkstackoff=1,gcshrinkstackoff=0")), live, leaf{ledger.StacksInUse, 33}), Possible, 32, "each GC halves"},
		{"they may be in use", grownStacks, goFacts(goroutines(512, 0, 33), live, leaf{ledger.StacksInUse, 33}), Possible, 32, "66.0 KiB each on average"},
		{"small stacks", grownStacks, goFacts(with(goroutines(8192, 0, 32), debug("gcshrinkstackoff=1")), live, leaf{ledger.StacksInUse, 32}), "", 0, ""},

		{"few objects hold many spans", fragmentation, goFacts(with(settled, resident(100)), live, leaf{ledger.HeapHoles, 40}), Proved, 40, "explain -p 7 --sizes"},
		{"by size", fragmentation, goFacts(with(settled, resident(100, mem.SizeClass{Size: 64, Free: 1 << 20}, mem.SizeClass{Size: 1024, Spans: 5120, Objects: 5120, Free: 35 * oneMiB})), live, leaf{ledger.HeapHoles, 40}), Proved, 40, "worst are objects of 1024 bytes"},
		{"holes that are about to be filled", fragmentation, goFacts(with(resident(100), busy, lastGCAgo(time.Second)), live, leaf{ledger.HeapHoles, 40}), Possible, 40, "40 %"},
		{"in a pause", fragmentation, goFacts(resident(100), live, leaf{ledger.HeapHoles, 40}), Possible, 40, "40 %"},
		{"not run since", fragmentation, goFacts(with(resident(100), lastGCAgo(12*time.Second), idle), live, leaf{ledger.HeapHoles, 40}), Likely, 40, "40 %"},
		{"more than fits below the goal", fragmentation, goFacts(with(resident(100), lastGCAgo(time.Second)), live, leaf{ledger.HeapHoles, 90}), Proved, 90, "90 %"},
		{"GOGC is off, with a limit far away", fragmentation, goFacts(with(resident(100), settled, gogcIs(-1)), live, leaf{ledger.HeapHoles, 40}), Possible, 40, "40 %"},
		{"GOGC is off", fragmentation, goFacts(with(resident(100), settled, gogcIs(-1), func(f *Facts) { f.Sample.MemStats.NextGC = 1 << 63 }), live, leaf{ledger.HeapHoles, 40}), Possible, 40, "40 %"},
		{"a fifth", fragmentation, goFacts(resident(75), live, leaf{ledger.HeapHoles, 15}), "", 0, ""},

		{"no GC yet", uncollectedObjects, goFacts(noGC, leaf{ledger.HeapGarbage, 40}), Possible, 40, "none is forced before the first"},
		{"since the last GC", uncollectedObjects, goFacts(nil, live, leaf{ledger.HeapGarbage, 20}), Possible, 20, "only the next GC tells"},
		{"a heap that is small", uncollectedObjects, goFacts(func(f *Facts) { f.Sample.MemStats.HeapAlloc = 4 * oneMiB }, leaf{ledger.HeapGarbage, 4}), "", 0, ""},

		{"one look", liveHeap, goFacts(nil, live, leaf{ledger.HeapUnsure, 5}), Possible, 65, "GC 31, the last, found 40.0 MiB live"},
		{"more after each GC", liveHeap, goFacts(marked(30*time.Second, 20, 30, 35, 40), live), Likely, 60, "GC 20 found 20.0 MiB live, GC 23, 1m30s later, 40.0 MiB"},
		{"more after each GC of a start", liveHeap, goFacts(marked(time.Second, 20, 30, 35, 40), live), Possible, 60, "found 20.0 MiB"},
		{"noise", liveHeap, goFacts(marked(time.Minute, 20, 41, 40, 41, 42, 43), live), Possible, 60, "found 20.0 MiB"},
		{"a slow rise", liveHeap, goFacts(marked(time.Minute, 40, 30, 32, 34, 36, 38, 40, 42, 44), live), Likely, 60, "found 40.0 MiB"},
		{"no higher than before", liveHeap, goFacts(marked(time.Minute, 44, 30, 32, 36, 40, 45), live), Possible, 60, "found 44.0 MiB"},
		{"less after one", liveHeap, goFacts(marked(time.Minute, 20, 30, 45, 40), live), Possible, 60, "go tool pprof"},
		{"two steps", liveHeap, goFacts(marked(time.Minute, 20, 30, 40), live), Possible, 60, "go tool pprof"},
		{"by size", liveHeap, goFacts(resident(60, mem.SizeClass{Allocated: 30 * oneMiB, Objects: 30}, mem.SizeClass{Class: 5, Size: 64, Allocated: 5 * oneMiB, Objects: 81920}), live), Possible, 60, "30.0 MiB in 30 large objects"},
		{"no GC yet", liveHeap, goFacts(noGC, leaf{ledger.HeapGarbage, 40}), "", 0, ""},

		{"spans of a peak", runtimeMetadata, goFacts(system(20, 2, 0), live, leaf{ledger.Metadata, 25}), Proved, 18, "had at its peak"},
		{"buckets of profiles, which are no peak's", runtimeMetadata, goFacts(system(2, 2, 40), live, leaf{ledger.Metadata, 45}), "", 0, ""},
		{"no more than is resident", runtimeMetadata, goFacts(system(60, 2, 0), live, leaf{ledger.Metadata, 45}), Proved, 45, "peak"},
		// 100 MiB of heap, of which an eighth are 12.5 MiB; 4 MiB in any process.
		{"of no kind that tells", runtimeMetadata, goFacts(func(f *Facts) { f.Sample.MemStats.HeapSys = 96 * oneMiB }, live, leaf{ledger.Metadata, 45}), Possible, 29, "above what is usual"},
		{"as usual", runtimeMetadata, goFacts(system(3, 2, 1), live, leaf{ledger.Metadata, 17}), "", 0, ""},
	})
}

// A goroutine's stack is told once: many goroutines have all of theirs.
func TestStacksOnce(t *testing.T) {
	stacks := mem.Amount{Bytes: 64 * oneMiB, Resident: 64 * oneMiB}
	f := goFacts(pages(mem.GoPages{Goroutines: &mem.Goroutines{Count: 2048, Live: stacks}}), leaf{ledger.StacksInUse, 64})
	got := map[string]int64{}
	for _, c := range Judge(All(), f).Causes {
		got[c.ID] = c.Bytes
	}
	if len(got) != 1 || got["goroutine-leak"] != 64*oneMiB {
		t.Errorf("%v", got)
	}
}
