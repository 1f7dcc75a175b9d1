package ledger

import (
	"math"
	"strings"
	"testing"

	"whyres/collector/mem"
)

func part(owner mem.Owner, bytesKiB, residentKiB, hugeKiB uint64) mem.VMAPart {
	a := amount(bytesKiB, residentKiB)
	a.Huge = hugeKiB * kib
	return mem.VMAPart{Owner: owner, Amount: a}
}

// The arena's mapping, and the two unnamed ones, of sample().
const (
	arena = 4
	long  = 5 // 8 MiB, 2400 KiB resident
	short = 6 // 3600 KiB, 3584 resident
)

func TestSplits(t *testing.T) {
	for _, c := range []struct {
		name    string
		change  func(s *mem.Sample, p *mem.Process)
		want    map[string]int64 // in KiB
		warning string
	}{
		{
			"objects by their own residency: 16000, a quarter of them not resident",
			func(s *mem.Sample, _ *mem.Process) {
				s.Pages.Objects, s.Pages.Holes = amount(16000, 12000), amount(4000, 8000)
			},
			map[string]int64{HeapLive: 6000, HeapGarbage: 2000, HeapUnsure: 4000, HeapHoles: 8000},
			"",
		},
		{
			"many objects lie in spans that are resident in part",
			func(s *mem.Sample, _ *mem.Process) {
				s.Pages.Objects, s.Pages.Holes, s.Pages.Either = amount(16000, 12000), amount(4000, 8000), 900*kib
			},
			map[string]int64{HeapLive: 6000, HeapUnsure: 4000, HeapHoles: 8000},
			"up to 900.0 KiB of heap.live and heap.garbage may be heap.fragmentation",
		},
		{
			"idle: dense, kept, due",
			func(s *mem.Sample, _ *mem.Process) {
				s.Pages.Dense = amount(9000, 9000)
				s.MemStats.HeapSys, s.MemStats.HeapReleased = 50000*kib, 10000*kib
				s.MemStats.ScavengeGCPercentGoal, s.MemStats.ScavengeMemoryLimitGoal = 38000*kib, math.MaxUint64
			},
			map[string]int64{HeapIdle: 15000, IdleDense: 9000, IdleGoal: 4000, IdleDue: 2000},
			"",
		},
		{
			"idle: far above the goal, but dense chunks hold all",
			func(s *mem.Sample, _ *mem.Process) {
				s.Pages.Dense = amount(15000, 15000)
				s.MemStats.HeapSys, s.MemStats.ScavengeGCPercentGoal = 50000*kib, 1000*kib
			},
			map[string]int64{IdleDense: 15000, IdleGoal: 0, IdleDue: 0},
			"",
		},
		{
			"idle: the memory limit asks for more than the goal",
			func(s *mem.Sample, _ *mem.Process) {
				s.MemStats.HeapSys, s.MemStats.Sys, s.MemStats.HeapReleased = 50000*kib, 60000*kib, 10000*kib
				s.MemStats.ScavengeGCPercentGoal, s.MemStats.ScavengeMemoryLimitGoal = 39000*kib, 47000*kib
				s.MemStats.MemoryLimit = 49000 * kib
			},
			map[string]int64{IdleDense: 0, IdleGoal: 12000, IdleDue: 3000},
			"",
		},
		{
			"idle: no work for the scavenger",
			func(s *mem.Sample, _ *mem.Process) {
				s.MemStats.HeapSys, s.MemStats.GCPercent = 50000*kib, -1
				s.MemStats.ScavengeGCPercentGoal, s.MemStats.ScavengeMemoryLimitGoal = math.MaxUint64, math.MaxUint64
			},
			map[string]int64{IdleGoal: 15000, IdleDue: 0},
			"",
		},
		{
			"idle: the goal is not known",
			func(s *mem.Sample, _ *mem.Process) { s.Pages.Dense = amount(5000, 5000) },
			map[string]int64{IdleDense: 5000, IdleUnsure: 10000},
			"",
		},
		{
			"released: lazily freed, huge, back, reserved",
			func(s *mem.Sample, _ *mem.Process) {
				s.VMAs[arena].LazyFree = 500 * kib
				s.VMAs[arena].Parts = []mem.VMAPart{part(mem.OwnerReleased, 9000, 1200, 600)}
				s.Pages.Reserved = amount(2000, 100)
			},
			map[string]int64{
				HeapReleased: 1200, ReleasedLazy: 500, ReleasedHuge: 600, ReleasedAgain: 100, HeapReserved: 100,
				ReleasedLocked: 0, Unexplained: 200,
			},
			"",
		},
		{
			"released: more lazily freed memory than was released",
			func(s *mem.Sample, _ *mem.Process) {
				s.VMAs[arena].LazyFree = 5000 * kib
				s.VMAs[arena].Parts = []mem.VMAPart{part(mem.OwnerReleased, 9000, 1200, 600)}
			},
			map[string]int64{ReleasedLazy: 1200, ReleasedHuge: 0, ReleasedAgain: 0},
			"",
		},
		{
			"released: locked",
			func(s *mem.Sample, _ *mem.Process) {
				s.VMAs[arena].Locked = 40000 * kib
				s.VMAs[arena].Parts = []mem.VMAPart{part(mem.OwnerReleased, 9000, 1200, 600)}
			},
			map[string]int64{ReleasedLocked: 1200, ReleasedHuge: 0, ReleasedAgain: 0},
			"",
		},
		{
			"released: an older recording, all locked",
			func(s *mem.Sample, _ *mem.Process) { s.VMAs[arena].Locked = 40000 * kib },
			map[string]int64{ReleasedLocked: 1200, ReleasedAgain: 0},
			"",
		},
		{
			"stacks: whose they are",
			func(s *mem.Sample, _ *mem.Process) {
				s.Pages.Goroutines = &mem.Goroutines{
					Count: 10, DeadCount: 900, DeadHolding: 800,
					Live: amount(100, 100), Dead: amount(1600, 1600), System: amount(300, 300), Free: amount(1000, 1000),
				}
			},
			map[string]int64{StacksInUse: 400, StacksDead: 1600, StacksIdle: 1000},
			"",
		},
		{
			"owners: what they have is theirs, the rest is bounded by what is not located",
			func(s *mem.Sample, _ *mem.Process) {
				// Of the counters' 4000, 500 are work buffers and 3300 located:
				// 200 may be somewhere in the shorter mapping.
				s.VMAs[long].Parts = []mem.VMAPart{part(mem.OwnerRuntime, 300, 300, 0), part(mem.OwnerMalloc, 1000, 900, 0)}
				s.VMAs[short].Parts = []mem.VMAPart{part(mem.OwnerRuntime, 3000, 2900, 0), part(mem.OwnerThread, 410, 400, 0)}
			},
			map[string]int64{
				Metadata: 500 + 300 + 2900 + 200, CgoHeap: 900, Threads: 20 + 400,
				OffHeap: 1200 + 84 + 16 - 200 + 200, Unexplained: 300,
			},
			"",
		},
		{
			"owners: all is located",
			func(s *mem.Sample, _ *mem.Process) {
				s.VMAs[short].Parts = []mem.VMAPart{part(mem.OwnerRuntime, 3500, 3400, 0)}
			},
			map[string]int64{Metadata: 500 + 3400, OffHeap: 2400 + 184 + 16, Unexplained: 300},
			"",
		},
		{
			"owners: the table of arenas is located, and no counter has it",
			func(s *mem.Sample, _ *mem.Process) {
				// Of the counters' 3500 outside the arenas 3400 are located: 100 may
				// be in what is left of the short mapping.
				s.VMAs[long].Parts = []mem.VMAPart{part(mem.OwnerRuntime, 32*kib, 2400, 0)}
				s.VMAs[short].Parts = []mem.VMAPart{part(mem.OwnerRuntime, 3400, 3300, 0)}
				s.VMAs[short].End = s.VMAs[short].Start + 3500*kib
			},
			map[string]int64{Metadata: 500 + 2400 + 3300 + 100, OffHeap: 284 + 16 - 100, Unexplained: 300},
			"",
		},
		{
			"a library's zeroed variables",
			func(s *mem.Sample, _ *mem.Process) {
				lib := "/usr/lib/libc.so.6"
				code := at(3<<20+8, 4, "r-xp", lib, 0)
				code.Inode = 9
				data, bss := at(3<<20+9, 4, "rw-p", lib, 4), at(3<<20+9, 8, "rw-p", "", 8)
				bss.Start, bss.End = data.End, data.End+8*kib
				data.Inode = 9
				s.VMAs = append(s.VMAs, code, data, bss)
				s.RSS.Anon += 12 * kib
			},
			map[string]int64{FileMapped: 712, OffHeap: 2500, Unexplained: 300},
			"",
		},
		{
			"behind a library's variables the kernel joined other memory: no more is .bss than the library is long",
			func(s *mem.Sample, _ *mem.Process) { joined(s, 0, 0) },
			map[string]int64{FileMapped: 700 + 4 + 8, OffHeap: 2500 + 100*1024 - 8, Unexplained: 300},
			"",
		},
		{
			"behind a library's variables the kernel joined other memory: its ELF tells",
			func(s *mem.Sample, _ *mem.Process) { joined(s, 16, 12) },
			map[string]int64{FileMapped: 700 + 4 + 12, OffHeap: 2500 + 100*1024 - 12, Unexplained: 300},
			"",
		},
		{
			"a program's .bss is of any size",
			func(s *mem.Sample, _ *mem.Process) {
				s.VMAs[2].End, s.VMAs[2].Rss = s.VMAs[2].Start+12*mib, s.VMAs[2].Rss+10*mib
				s.RSS.Anon += 10 * mib
			},
			map[string]int64{FileExe: 3072 + 10*1024, OffHeap: 2500},
			"",
		},
		{
			"a program's .bss, by its ELF",
			func(s *mem.Sample, _ *mem.Process) {
				s.VMAs[2].End, s.VMAs[2].Rss = s.VMAs[2].Start+12*mib, s.VMAs[2].Rss+10*mib
				s.VMAs[2].Parts = []mem.VMAPart{part(mem.OwnerBSS, 128, 60, 0)}
				s.RSS.Anon += 10 * mib
			},
			map[string]int64{FileExe: 3072 - 4, OffHeap: 2500 + 4 + 10*1024},
			"",
		},
		{
			"written copies of shared memory are the process's own",
			func(s *mem.Sample, _ *mem.Process) {
				s.VMAs = append(s.VMAs, at(3<<20+9, 100, "rw-p", "/memfd:image (deleted)", 90), at(3<<20+10, 40, "rw-p", "/dev/zero", 40))
				s.VMAs[len(s.VMAs)-2].Anonymous, s.VMAs[len(s.VMAs)-1].Anonymous = 60*kib, 40*kib
				s.RSS.Anon += 130 * kib
			},
			map[string]int64{Shmem: 50 + 30, OffHeap: 2500 + 100, Unexplained: 300},
			"",
		},
		{
			"a library on a tmpfs keeps its own copies",
			func(s *mem.Sample, _ *mem.Process) {
				code, data := at(3<<20+9, 100, "r-xp", "/tmp/x.so", 90), at(3<<20+10, 40, "rw-p", "/tmp/x.so", 40)
				code.Inode, data.Inode, code.Shmem, data.Shmem, data.Anonymous = 9, 9, true, true, 30*kib
				s.VMAs = append(s.VMAs, code, data)
				s.RSS.Anon += 130 * kib
			},
			map[string]int64{Shmem: 50 + 100, FileMapped: 730, OffHeap: 2500, Unexplained: 300},
			"",
		},
		{
			"behind a data file lies none",
			func(s *mem.Sample, _ *mem.Process) {
				data, next := at(3<<20+9, 4, "rw-p", "/data/file", 4), at(3<<20+9, 8, "rw-p", "", 8)
				next.Start, next.End = data.End, data.End+8*kib
				s.VMAs = append(s.VMAs, data, next)
				s.RSS.Anon += 12 * kib
			},
			map[string]int64{FileMapped: 704, OffHeap: 2508, Unexplained: 300},
			"",
		},
		{
			"a file on a tmpfs",
			func(s *mem.Sample, _ *mem.Process) {
				v := at(3<<20+9, 4, "rw-s", "/run/ring", 4)
				v.Shmem = true
				s.VMAs = append(s.VMAs, v)
				s.RSS.Anon += 4 * kib
			},
			map[string]int64{FileMapped: 700, Shmem: 54},
			"",
		},
		{
			"hugetlb",
			func(s *mem.Sample, _ *mem.Process) {
				s.VMAs = append(s.VMAs, at(3<<20+10, 4096, "rw-p", "/anon_hugepage (deleted)", 0))
			},
			map[string]int64{Unexplained: 300},
			"mappings of hugetlb pages have a length of 4.0 MiB",
		},
		{
			"not Go, with owners",
			func(s *mem.Sample, p *mem.Process) {
				s.Pages, s.MemStats, p.GoVersion = nil, nil, ""
				s.VMAs[long].Parts = []mem.VMAPart{part(mem.OwnerMalloc, 1000, 900, 0), part(mem.OwnerThread, 410, 400, 0)}
			},
			map[string]int64{Anon: 46000 - 1300, CgoHeap: 900, Threads: 420, Unexplained: 0},
			"not a Go process",
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			s, p := sample(), goProcess
			c.change(s, &p)
			l := Build(s, p)
			checkSums(t, l)
			for id, want := range c.want {
				if got := l.Leaf(id); got != want*kib {
					t.Errorf("%s = %d KiB, want %d", id, got/kib, want)
				}
			}
			if text := strings.Join(l.Warnings, "\n"); !strings.Contains(text, c.warning) || c.warning == "" && text != "" {
				t.Errorf("warnings %q, want %q", text, c.warning)
			}
		})
	}
}

// joined adds a library with 4 KiB of code, 4 KiB of variables, and 100 MiB
// behind them, all resident; bssKiB of it are .bss by the library's ELF, if any.
func joined(s *mem.Sample, bssKiB, residentKiB uint64) {
	lib := "/usr/lib/libz.so.1"
	code, data := at(3<<20+8, 4, "r-xp", lib, 0), at(3<<20+9, 4, "rw-p", lib, 4)
	code.Inode, data.Inode = 9, 9
	behind := mem.VMA{Range: mem.RangeAt(data.End, 100*mib), Perms: "rw-p", Rss: 100 * mib}
	if bssKiB > 0 {
		behind.Parts = []mem.VMAPart{part(mem.OwnerBSS, bssKiB, residentKiB, 0)}
	}
	s.VMAs = append(s.VMAs, code, data, behind)
	s.RSS.Anon += 100*mib + 4*kib
}

// Only the names that runtimes and C libraries choose tell; a program may call
// its memory anything.
func TestNamesOfMemory(t *testing.T) {
	for name, want := range map[string]class{
		" Go: heap": classRuntime, "Go: heap": classOffHeap,
		" glibc: malloc": classCgoHeap, " glibc: malloc arena": classCgoHeap, " glibc: loader malloc": classCgoHeap,
		"libc_malloc": classCgoHeap, "scudo:primary": classCgoHeap,
		" glibc: pthread stack: 12": classThread, " glibc: pthread user stack: 7": classThread,
		"stack_and_tls:main": classThread, "stack_and_tls:123": classThread,
		"haystack index": classOffHeap, "my mallocator": classOffHeap, "stack_and_tls:": classOffHeap,
		" glibc: pthread stack: x": classOffHeap, "cache": classOffHeap,
	} {
		if got := classOfPath("[anon:" + name + "]"); got != want {
			t.Errorf("%q is of class %d, want %d", name, got, want)
		}
	}
}

// Parents come before their children, at any depth, and children together.
func TestTreeOfAnyDepth(t *testing.T) {
	b := builder{sample: &mem.Sample{RSS: mem.RSS{Anon: 31}}, bytes: map[string]int64{}, what: map[string]string{}}
	for i, id := range []string{"a.b.c", "x", "a.d", "a.b.e.f", "a.b.e.g"} {
		b.put(id, 1<<i, "w")
	}
	var got []string
	l := b.finish()
	for _, p := range l.Parts {
		got = append(got, p.ID)
	}
	if want := "a a.b a.b.c a.b.e a.b.e.f a.b.e.g a.d x unexplained"; strings.Join(got, " ") != want {
		t.Errorf("order %q, want %q", got, want)
	}
	for id, want := range map[string]int64{"a": 29, "a.b": 25, "a.b.e": 24} {
		if l.Leaf(id) != want {
			t.Errorf("%s = %d, want %d", id, l.Leaf(id), want)
		}
	}
}
