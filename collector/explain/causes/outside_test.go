package causes

import (
	"slices"
	"strings"
	"testing"

	"whyres/collector/ledger"
	"whyres/collector/mem"
)

// process is a Go process with cgo, as a full look finds it: a small one of which
// nothing is a cause, and the mappings given.
func process(vmas ...mem.VMA) (*mem.Sample, mem.Process) {
	at := func(start, length uint64, perms, path string, inode uint64, rss uint64) mem.VMA {
		return mem.VMA{Range: mem.RangeAt(mem.Addr(start), length), Perms: perms, Path: path, Inode: inode, Rss: rss}
	}
	all := []mem.VMA{
		at(0x400000, 2*mib, "r-xp", "/usr/bin/app", 11, 2*mib),
		at(0xc000000000, 4*mib, "rw-p", "", 0, 3*mib),
		at(0xc000400000, 60*mib, "---p", "", 0, 0),
		at(0x7fff00000000, 2*mib, "r-xp", "/usr/lib/libc.so.6", 12, mib),
		at(0x7fffff000000, 132<<10, "rw-p", "[stack]", 0, 16<<10),
	}
	all[1].Anonymous = 3 * mib
	all = append(all, vmas...)
	slices.SortFunc(all, func(a, b mem.VMA) int { return int(int64(a.Start) - int64(b.Start)) })
	s := &mem.Sample{
		Smaps: &mem.Smaps{}, VMAs: all, Threads: 8,
		MemStats: &mem.MemStats{Source: "memory", HeapWalked: true, HeapAlloc: 3 * mib, HeapMarked: 3 * mib, NumGC: 1, GCPercent: 100},
		Pages: &mem.GoPages{
			Agrees: true, Arenas: []mem.Range{mem.RangeAt(0xc000000000, 64*mib)},
			InUse: mem.Amount{Bytes: 3 * mib, Resident: 3 * mib},
		},
	}
	for i := range all {
		v := &all[i]
		switch {
		case v.Inode == 0 || v.Anonymous > 0:
			s.RSS.Anon += int64(v.Rss)
		case ledger.IsShmem(v):
			s.RSS.Shmem += int64(v.Rss)
		default:
			s.RSS.File += int64(v.Rss)
		}
	}
	return s, mem.Process{PID: 42, Exe: "/usr/bin/app", GoVersion: "go1.26.8", Cgo: true}
}

// anon is private memory without a file, some of which has an owner.
func anon(start, length, rss uint64, owner mem.Owner, owned uint64) mem.VMA {
	v := mem.VMA{Range: mem.RangeAt(mem.Addr(start), length), Perms: "rw-p", Rss: rss, Anonymous: rss}
	if owner != "" {
		v.Parts = []mem.VMAPart{{Owner: owner, Amount: mem.Amount{Bytes: length, Resident: owned}}}
	}
	return v
}

func reserved(start, length uint64) mem.VMA {
	return mem.VMA{Range: mem.RangeAt(mem.Addr(start), length), Perms: "---p"}
}

func fileAt(start, length uint64, path string, inode, rss, private uint64) mem.VMA {
	return mem.VMA{Range: mem.RangeAt(mem.Addr(start), length), Perms: "r--s", Path: path, Inode: inode, Rss: rss, Anonymous: private}
}

func named(v mem.VMA, path string) mem.VMA {
	v.Path = path
	return v
}

// runtimeOwn is memory that the runtime's tables locate, so that the rest is not
// an estimate.
func runtimeOwn() mem.VMA { return anon(0x7ffe00000000, mib, mib/2, mem.OwnerRuntime, mib/2) }

func TestOutside(t *testing.T) {
	const arena = 0x7f8000000000 // a multiple of 64 MiB
	for _, test := range []struct {
		name   string
		vmas   []mem.VMA
		change func(*mem.Sample, *mem.Process)
		// want is "" where nothing is to be found.
		want       string
		confidence Confidence
		bytes      int64
		// says are parts of the sentence, the evidence, the remedies and what to
		// ask; not are parts of none.
		says, not []string
	}{
		{name: "a small process", vmas: []mem.VMA{runtimeOwn()}},
		{
			name: "a small heap of C's and few stacks",
			vmas: []mem.VMA{
				runtimeOwn(), named(anon(0x1000000, 4*mib, 3*mib, "", 0), "[heap]"),
				anon(0x7ffd00000000, 8*mib, mib, mem.OwnerThread, mib),
			},
		},
		{
			name: "the brk heap",
			vmas: []mem.VMA{runtimeOwn(), named(anon(0x1000000, 64*mib, 60*mib, "", 0), "[heap]")},
			want: "cgo-heap", confidence: Proved, bytes: 60 * mib,
			says: []string{"cannot be told from outside", "60.0 MiB of it in the brk heap", "malloc_trim(0)", "malloc_info", "whyres trace -p 42"},
			not:  []string{"MALLOC_ARENA_MAX"},
		},
		{
			name: "arenas of threads, two of them joined",
			vmas: []mem.VMA{
				runtimeOwn(),
				anon(arena, 80*mib, 70*mib, mem.OwnerMalloc, 70*mib), reserved(arena+80*mib, 48*mib),
				anon(arena+256*mib, 8*mib, 8*mib, mem.OwnerMalloc, 8*mib), reserved(arena+264*mib, 56*mib),
			},
			want: "cgo-heap", confidence: Proved, bytes: 78 * mib,
			says: []string{"3 areas of 64 MiB", "MALLOC_ARENA_MAX=2"},
		},
		{
			name: "arenas that are limited already",
			vmas: []mem.VMA{
				runtimeOwn(), anon(arena, 80*mib, 70*mib, mem.OwnerMalloc, 70*mib), reserved(arena+80*mib, 112*mib),
			},
			change: func(_ *mem.Sample, p *mem.Process) { p.Env = map[string]string{"MALLOC_ARENA_MAX": "2"} },
			want:   "cgo-heap", confidence: Proved, bytes: 70 * mib,
			says: []string{"started with MALLOC_ARENA_MAX=2"}, not: []string{"start it with MALLOC_ARENA_MAX"},
		},
		{
			name: "large blocks beside arenas that hold little",
			vmas: []mem.VMA{
				runtimeOwn(), anon(arena+mib, 40*mib, 40*mib, mem.OwnerMalloc, 40*mib),
				anon(arena+256*mib, mib, mib, mem.OwnerMalloc, mib), reserved(arena+257*mib, 63*mib),
				anon(arena+512*mib, mib, mib, mem.OwnerMalloc, mib), reserved(arena+513*mib, 63*mib),
				anon(arena+768*mib, mib, mib, mem.OwnerMalloc, mib), reserved(arena+769*mib, 63*mib),
			},
			want: "cgo-heap", confidence: Proved, bytes: 43 * mib,
			says: []string{"3 areas of 64 MiB", "up to 3.0 MiB", "40.0 MiB or more are blocks that malloc mapped one by one", "never freed"},
			not:  []string{"start it with MALLOC"},
		},
		{
			name: "an arena by its shape alone",
			vmas: []mem.VMA{runtimeOwn(), anon(arena, 32*mib, 32*mib, "", 0), reserved(arena+32*mib, 32*mib)},
			want: "cgo-heap", confidence: Likely, bytes: 32 * mib,
		},
		{
			name:   "Go's heap is no arena of malloc's, where its pages were not read",
			vmas:   []mem.VMA{runtimeOwn()},
			change: func(s *mem.Sample, _ *mem.Process) { s.Pages = nil; s.VMAs[1].Rss = 40 * mib; s.RSS.Anon += 37 * mib },
		},
		{
			name: "stacks of many threads",
			vmas: []mem.VMA{
				runtimeOwn(), reserved(arena-4096, 4096), anon(arena, 16*mib, 14*mib, mem.OwnerThread, 14*mib),
				reserved(arena+16*mib, 4096), anon(arena+16*mib+4096, 16*mib, 14*mib, mem.OwnerThread, 14*mib),
			},
			change: func(s *mem.Sample, _ *mem.Process) { s.Threads = 56 },
			want:   "thread-stacks", confidence: Proved, bytes: 28*mib + 16<<10,
			says: []string{"56 threads with 512.3 KiB each", "never ends them", "blocking system calls at once", "SetMaxThreads"},
		},
		{
			name: "stacks by their shape alone",
			vmas: []mem.VMA{
				runtimeOwn(), reserved(arena-4096, 4096), anon(arena, 8*mib, 8*mib, "", 0),
				reserved(arena+8*mib, 4096), anon(arena+8*mib+4096, 8*mib, 8*mib, "", 0),
			},
			want: "thread-stacks", confidence: Likely, bytes: 16*mib + 16<<10,
			says: []string{"told by its shape"},
		},
		{
			name: "a healthy program's C: little, though it is proved whose it is",
			vmas: []mem.VMA{runtimeOwn(), named(anon(0x1000000, 16*mib, 15*mib, "", 0), "[heap]")},
			want: "cgo-heap", confidence: Possible, bytes: 15 * mib,
		},
		{
			name:   "a healthy program's C: a small part of a large program",
			vmas:   []mem.VMA{runtimeOwn(), named(anon(0x1000000, 32*mib, 20*mib, "", 0), "[heap]")},
			change: func(s *mem.Sample, _ *mem.Process) { goHeapOf(s, 180*mib) },
			want:   "cgo-heap", confidence: Possible, bytes: 20 * mib,
		},
		{
			name:   "little mapped by Go code",
			vmas:   []mem.VMA{runtimeOwn(), anon(arena+mib, 16*mib, 15*mib, "", 0)},
			change: func(_ *mem.Sample, p *mem.Process) { p.Cgo = false },
			want:   "offheap-mmap", confidence: Possible, bytes: 15 * mib, not: []string{"munlock"},
		},
		{
			name: "mapped by Go code, and locked",
			vmas: []mem.VMA{runtimeOwn(), func() mem.VMA { v := anon(arena+mib, 33*mib, 32*mib, "", 0); v.Locked = 32 * mib; return v }()},
			change: func(_ *mem.Sample, p *mem.Process) {
				p.Cgo = false
			},
			want: "offheap-mmap", confidence: Proved, bytes: 32 * mib,
			says: []string{"32.0 MiB of these mappings are locked", "fails with EINVAL"},
		},
		{
			name: "mapped by Go code",
			vmas: []mem.VMA{runtimeOwn(), anon(arena+mib, 33*mib, 32*mib, "", 0)},
			change: func(_ *mem.Sample, p *mem.Process) {
				p.Cgo = false
			},
			want: "offheap-mmap", confidence: Proved, bytes: 32 * mib,
			says: []string{"by Go code", "7f8000100000-7f8002200000, of 33.0 MiB, with 32.0 MiB resident", "no C code", "whyres trace -p 42 names who"},
		},
		{
			name: "mapped by Go code or C",
			vmas: []mem.VMA{runtimeOwn(), anon(arena+mib, 32*mib, 32*mib, "", 0)},
			want: "offheap-mmap", confidence: Likely, bytes: 32 * mib,
			says: []string{"by Go code or by C", "memalign"},
		},
		{
			name: "the heap of another allocator",
			vmas: []mem.VMA{
				runtimeOwn(), anon(arena+mib, 32*mib, 32*mib, "", 0),
				fileAt(0x7ffc00000000, mib, "/usr/lib/x86_64-linux-gnu/libjemalloc.so.2", 13, mib/2, 0),
			},
			want: "offheap-mmap", confidence: Likely, bytes: 32 * mib, says: []string{"libjemalloc.so.2 is mapped"},
		},
		{
			name:   "a sanitizer's shadow is none of the program's",
			vmas:   []mem.VMA{runtimeOwn(), anon(arena+mib, 32*mib, 32*mib, "", 0)},
			change: func(_ *mem.Sample, p *mem.Process) { p.Sanitizer = "race" },
		},
		{
			name: "files",
			vmas: []mem.VMA{
				runtimeOwn(), fileAt(arena, 64*mib, "/data/a.db", 21, 40*mib, 0), fileAt(arena+64*mib, 64*mib, "/data/a.db", 21, 2*mib, 0),
				fileAt(arena+256*mib, 64*mib, "/data/b.db", 22, 5*mib, 0),
			},
			want: "file-mappings", confidence: Proved, bytes: 47 * mib,
			says: []string{"/data/a.db: 42.0 MiB", "/data/b.db: 5.0 MiB", "0 B private copies", "MemAvailable"}, not: []string{"libc", "app:"},
		},
		{
			name: "private copies of a file",
			vmas: []mem.VMA{runtimeOwn(), fileAt(arena, 64*mib, "/data/a.db", 21, 40*mib, 39*mib)},
			want: "file-mappings", confidence: Proved, bytes: 40 * mib,
			says: []string{"do not go without swap", "39.0 MiB private copies"},
		},
		{
			name: "a large program",
			vmas: []mem.VMA{runtimeOwn(), fileAt(0x800000, 64*mib, "/usr/bin/app", 11, 40*mib, 0)},
			want: "file-mappings", confidence: Possible, bytes: 42 * mib,
			says: []string{"the program's own file"},
		},
		{
			name: "a memfd, a System V segment and a file",
			vmas: []mem.VMA{
				runtimeOwn(), fileAt(arena, 64*mib, "/memfd:frames (deleted)", 31, 20*mib, 0),
				fileAt(arena+64*mib, 64*mib, "/SYSV00000000 (deleted)", 32771, 10*mib, 0),
				fileAt(arena+256*mib, 64*mib, "/dev/shm/queue", 33, 5*mib, 0),
			},
			want: "shared-memory", confidence: Proved, bytes: 35 * mib,
			says: []string{"/memfd:frames (deleted): 20.0 MiB", "ipcrm -m 32771", "+ 31 '", "shm_unlink"},
		},
		{
			name: "a library on a tmpfs is code, and no shared memory",
			vmas: []mem.VMA{runtimeOwn(), {
				Range: mem.RangeAt(arena, 64*mib), Perms: "r-xp", Path: "/run/app/lib.so", Inode: 41, Rss: 20 * mib, Shmem: true,
			}},
		},
		{
			name: "threads of a program that is not Go",
			vmas: []mem.VMA{reserved(arena-4096, 4096), anon(arena, 8*mib, 7*mib, mem.OwnerThread, 7*mib)},
			change: func(s *mem.Sample, p *mem.Process) {
				s.Pages, s.MemStats, p.GoVersion = nil, nil, ""
			},
			want: "thread-stacks", confidence: Possible, bytes: 7*mib + 16<<10,
			says: []string{"fewer threads"}, not: []string{"goroutine"},
		},
		{
			name: "a System V segment numbered 0",
			vmas: []mem.VMA{runtimeOwn(), fileAt(arena, 64*mib, "/SYSV00000000 (deleted)", 0, 20*mib, 0)},
			want: "shared-memory", confidence: Proved, bytes: 20 * mib, says: []string{"ipcrm -m 0 "},
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			s, p := process(test.vmas...)
			if test.change != nil {
				test.change(s, &p)
			}
			f := &Facts{Process: p, Sample: s, Ledger: ledger.Build(s, p)}
			j := Judge(outside(), f)
			checkOutside(t, f, j)
			if test.want == "" {
				if len(j.Causes) > 0 {
					t.Errorf("a healthy process gets %+v", j.Causes)
				}
				return
			}
			if len(j.Causes) != 1 || j.Causes[0].ID != test.want {
				t.Fatalf("it gets %+v, want %s alone; ledger %+v", j.Causes, test.want, f.Ledger)
			}
			got := j.Causes[0]
			if got.Confidence != test.confidence || got.Bytes != test.bytes {
				t.Errorf("%s, %s: %d bytes, want %s and %d", got.ID, got.Confidence, got.Bytes, test.confidence, test.bytes)
			}
			text := strings.Join(slices.Concat([]string{got.Says}, got.Evidence, got.Remedy, got.Ask), "\n")
			for _, want := range test.says {
				if !strings.Contains(text, want) {
					t.Errorf("no %q in:\n%s", want, text)
				}
			}
			for _, not := range test.not {
				if strings.Contains(text, not) {
					t.Errorf("%q in:\n%s", not, text)
				}
			}
		})
	}
}

// checkOutside: the sums are RES, and what a cause says is whole.
func checkOutside(t *testing.T, f *Facts, j Judgement) {
	t.Helper()
	sum := j.Healthy
	for _, c := range j.Causes {
		sum += c.Bytes
		if c.Says == "" || strings.HasSuffix(c.Says, ".") || len(c.Evidence) == 0 || len(c.Remedy) == 0 {
			t.Errorf("%s is not whole: %+v", c.ID, c)
		}
	}
	if sum != f.RES() {
		t.Errorf("causes and what is healthy sum to %d, RES is %d", sum, f.RES())
	}
}

// A light look tells shared memory, and not whose.
func TestSharedMemoryLight(t *testing.T) {
	s := &mem.Sample{RSS: mem.RSS{Anon: 4 * mib, Shmem: 20 * mib}}
	f := &Facts{Process: mem.Process{PID: 42}, Sample: s, Ledger: ledger.Build(s, mem.Process{})}
	j := Judge(outside(), f)
	if len(j.Causes) != 1 || j.Causes[0].ID != "shared-memory" || j.Causes[0].Bytes != 20*mib || len(j.Causes[0].Ask) == 0 {
		t.Errorf("it gets %+v", j.Causes)
	}
	checkOutside(t, f, j)
}

// goHeapOf makes Go's heap, all in use, larger by so much.
func goHeapOf(s *mem.Sample, more uint64) {
	s.RSS.Anon += int64(more)
	s.MemStats.HeapAlloc += more
	s.MemStats.HeapMarked += more
	s.Pages.InUse.Bytes += more
	s.Pages.InUse.Resident += more
}

// Each cause has a whole page.
func TestOutsidePages(t *testing.T) {
	for _, c := range outside() {
		p := c.Page
		if p.What == "" || p.Mechanism == "" || p.Proof == "" || len(p.Remedy) == 0 || p.Versions == "" || len(p.Sources) == 0 {
			t.Errorf("the page of %s lacks something: %+v", c.ID, p)
		}
	}
}
