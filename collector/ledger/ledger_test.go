package ledger

import (
	"encoding/json"
	"flag"
	"fmt"
	"maps"
	"math"
	"os"
	"strings"
	"testing"

	"whyres/collector/mem"
)

const (
	kib = 1 << 10
	mib = 1 << 20
)

var update = flag.Bool("update", false, "write the golden files anew")

var goProcess = mem.Process{PID: 7, Comm: "server", Exe: "/opt/server", GoVersion: "go1.26.8"}

// at makes a mapping of KiB from an address in MiB.
func at(startMiB, lenKiB uint64, perms, path string, rssKiB uint64) mem.VMA {
	return mem.VMA{Range: mem.RangeAt(mem.Addr(startMiB*mib), lenKiB*kib), Perms: perms, Path: path, Rss: rssKiB * kib}
}

func amount(bytesKiB, residentKiB uint64) mem.Amount {
	return mem.Amount{Bytes: bytesKiB * kib, Resident: residentKiB * kib}
}

// sample is a server of which all is known by construction, in KiB:
//
//	program 3072 = 2048 code, 960 data, 64 .bss
//	arena 40000: in use 20000 (objects 16000, of which 10000 marked), stacks
//	3000, work buffers 500, idle 15000, released and back 1200; 300 more than
//	the pages' sums
//	anonymous 6000: 2400 in a mapping longer than the runtime's own counters'
//	4000 (500 of it work buffers), 3600 in shorter ones
//	libraries and files 700, shared memory 50, [stack] 20
func sample() *mem.Sample {
	s := &mem.Sample{
		PID: 7, RSSSource: "smaps_rollup", Smaps: &mem.Smaps{},
		VMAs: []mem.VMA{
			at(4, 2048, "r-xp", "/opt/server", 2048),
			at(6, 1024, "rw-p", "/opt/server", 960),
			at(7, 128, "rw-p", "", 64),
			at(20, 64, "rw-p", "", 16), // not behind the data: no .bss
			at(1<<20, 64*kib, "rw-p", "", 40000),
			at(2<<20, 8*kib, "rw-p", "", 2400),
			at(2<<20+20, 3600, "rw-p", "", 3584),
			at(3<<20, 1024, "r--p", "/usr/lib/libc.so.6", 692),
			at(3<<20+2, 8, "r-xp", "[vdso]", 8),
			at(3<<20+4, 64, "rw-s", "/memfd:ring (deleted)", 50),
			at(4<<20, 132, "rw-p", "[stack]", 20),
		},
		MemStats: &mem.MemStats{
			Source: "memory", HeapWalked: true, HeapAlloc: 16000 * kib, HeapMarked: 10000 * kib, NumGC: 4,
			MSpanSys: 300 * kib, MCacheSys: 100 * kib, GCSys: 3000 * kib, OtherSys: 500 * kib, BuckHashSys: 100 * kib,
		},
		Pages: &mem.GoPages{
			Arenas: []mem.Range{mem.RangeAt(1<<40, 64*mib)},
			InUse:  amount(20000, 20000), Stacks: amount(3000, 3000), Manual: amount(500, 500),
			Idle: amount(15000, 15000), Released: amount(9000, 1200), Reserved: amount(2000, 0), Agrees: true,
		},
	}
	for _, v := range s.VMAs {
		s.RSS.Anon += int64(v.Rss)
	}
	return s
}

// in KiB.
var wantLeaves = map[string]int64{
	HeapLive: 10000, HeapGarbage: 6000, HeapHoles: 4000, HeapIdle: 15000,
	ReleasedLocked: 0, ReleasedLazy: 0, ReleasedHuge: 0, ReleasedAgain: 1200, HeapReserved: 0,
	StacksInUse: 3000, StacksIdle: 0, Metadata: 500 + 3500, OffHeap: 2400 + 100, CgoHeap: 0, Threads: 20,
	FileExe: 3072, FileMapped: 700, Shmem: 50, Unexplained: 300,
}

func leaves(l Ledger) map[string]int64 {
	parents := map[string]bool{}
	for _, part := range l.Parts {
		parents[part.Parent] = true
	}
	out := map[string]int64{}
	for _, part := range l.Parts {
		if !parents[part.ID] {
			out[part.ID] = part.Bytes
		}
	}
	return out
}

func TestFullLedger(t *testing.T) {
	l := Build(sample(), goProcess)
	checkSums(t, l)
	for id, got := range leaves(l) {
		if want, known := wantLeaves[id]; !known || got != want*kib {
			t.Errorf("%s = %d KiB, want %d", id, got/kib, want)
		}
	}
	if len(leaves(l)) != len(wantLeaves) || len(l.Warnings) != 0 {
		t.Errorf("%d leaves, want %d; warnings %q", len(leaves(l)), len(wantLeaves), l.Warnings)
	}
}

// checkSums: leaves sum to RES, parents to their children, and no leaf but
// unexplained is negative.
func checkSums(t *testing.T, l Ledger) {
	t.Helper()
	var sum int64
	children, byID := map[string]int64{}, map[string]int64{}
	for _, part := range l.Parts {
		if _, twice := byID[part.ID]; twice {
			t.Errorf("part %s twice", part.ID)
		}
		byID[part.ID] = part.Bytes
		children[part.Parent] += part.Bytes
		if part.What == "" {
			t.Errorf("part %s says nothing", part.ID)
		}
		if part.Bytes < 0 && part.ID != Unexplained {
			if _, isParent := children[part.ID]; !isParent {
				t.Errorf("part %s is negative: %d", part.ID, part.Bytes)
			}
		}
	}
	for id, bytes := range leaves(l) {
		sum += bytes
		_ = id
	}
	for parent, bytes := range children {
		if parent != "" && byID[parent] != bytes {
			t.Errorf("parent %s is %d, its children %d", parent, byID[parent], bytes)
		}
	}
	if sum != l.RES || children[""] != l.RES {
		t.Errorf("leaves sum to %d, the top to %d, RES is %d", sum, children[""], l.RES)
	}
	if _, there := byID[Unexplained]; !there {
		t.Error("no unexplained")
	}
}

func TestLedgerOfOtherSamples(t *testing.T) {
	for _, c := range []struct {
		name    string
		change  func(s *mem.Sample, p *mem.Process)
		want    map[string]int64 // in KiB
		warning string
	}{
		{
			"no GC yet: nothing is known live, whatever the runtime starts with",
			func(s *mem.Sample, _ *mem.Process) { s.MemStats.NumGC = 0 },
			map[string]int64{HeapLive: 0, HeapGarbage: 16000, HeapHoles: 4000},
			"",
		},
		{
			"what the GC marked was not read",
			func(s *mem.Sample, _ *mem.Process) { s.MemStats.HeapMarked = 0 },
			map[string]int64{HeapLive: 16000, HeapGarbage: 0, HeapHoles: 4000},
			"",
		},
		{
			"marked, then freed by hand of the sweeper: no more live than there is",
			func(s *mem.Sample, _ *mem.Process) { s.MemStats.HeapMarked = 17000 * kib },
			map[string]int64{HeapLive: 16000, HeapGarbage: 0},
			"",
		},
		{
			"objects that were never touched: live or not is not known, and no leaf is negative",
			func(s *mem.Sample, _ *mem.Process) {
				s.MemStats.HeapAlloc, s.MemStats.HeapMarked = 40000*kib, 10000*kib
				s.Pages.InUse.Bytes = 41000 * kib
			},
			map[string]int64{HeapLive: 0, HeapGarbage: 10000, HeapUnsure: 10000, HeapHoles: 0},
			"",
		},
		{
			"spans not walked",
			func(s *mem.Sample, _ *mem.Process) { s.MemStats.HeapWalked = false },
			map[string]int64{HeapObjects: 20000, HeapIdle: 15000, Unexplained: 300},
			"",
		},
		{
			"no counters: what is the runtime's is not told",
			func(s *mem.Sample, _ *mem.Process) { s.MemStats = nil },
			map[string]int64{HeapObjects: 20000, Metadata: 500, OffHeap: 0, Unexplained: 6300},
			"could not be explained",
		},
		{
			"the kernel has the runtime's names",
			func(s *mem.Sample, _ *mem.Process) {
				s.VMAs[4].Path, s.VMAs[5].Path = "[anon: Go: heap]", "[anon: Go: page alloc]"
			},
			map[string]int64{Metadata: 2400 + 1100 + 500, OffHeap: 2500, HeapIdle: 15000, Unexplained: 300},
			"",
		},
		{
			"a long mapping with little in it may be the runtime's table of arenas",
			func(s *mem.Sample, _ *mem.Process) {
				s.VMAs[5].End = s.VMAs[5].Start + 32*mib
				s.VMAs[6].Rss -= 3000 * kib
				s.RSS.Anon -= 3000 * kib
			},
			map[string]int64{Metadata: 500 + 2400 + 600, OffHeap: 0, Unexplained: 300},
			"",
		},
		{
			"a long mapping with much in it is not",
			func(s *mem.Sample, _ *mem.Process) {
				s.VMAs[5].End = s.VMAs[5].Start + 32*mib
				s.VMAs[5].Rss += 9000 * kib
				s.VMAs[6].Rss -= 3000 * kib
				s.RSS.Anon += 6000 * kib
			},
			map[string]int64{Metadata: 500 + 600, OffHeap: 2400 + 9000, Unexplained: 300},
			"",
		},
		{
			"the arena shrank while it was read",
			func(s *mem.Sample, _ *mem.Process) { s.VMAs[4].Rss -= 2000 * kib; s.RSS.Anon -= 2000 * kib },
			map[string]int64{Unexplained: -1700},
			"",
		},
		{
			"mappings cut off",
			func(s *mem.Sample, _ *mem.Process) { s.VMAs = s.VMAs[:10]; s.VMAsCut, s.VMAsCutRSS = 1, 20*kib },
			map[string]int64{Threads: 0, Unexplained: 320},
			"20.0 KiB lie in mappings beyond",
		},
		{
			"the program's path unknown",
			func(_ *mem.Sample, p *mem.Process) { p.Exe = "" },
			map[string]int64{FileExe: 0, FileMapped: 3008 + 700, OffHeap: 2564},
			"path is unknown",
		},
		{
			"pages torn",
			func(s *mem.Sample, _ *mem.Process) { s.Pages.Agrees = false },
			map[string]int64{HeapUndivided: 40000, Metadata: 3500, OffHeap: 2500, Unexplained: 0},
			"its parts are unknown; ask again",
		},
		{
			"pages torn by more than a hundredth of the heap",
			func(s *mem.Sample, _ *mem.Process) { s.Pages.Agrees, s.Pages.Off = false, 476*kib },
			map[string]int64{HeapUndivided: 40000},
			"by 476.0 KiB",
		},
		{
			"pages torn by less",
			func(s *mem.Sample, _ *mem.Process) { s.Pages.Agrees, s.Pages.Off = false, 475*kib },
			map[string]int64{HeapIdle: 15000, Unexplained: 300},
			"off by up to 475.0 KiB",
		},
		{
			"no pages",
			func(s *mem.Sample, _ *mem.Process) { s.Pages, s.PagesProblem = nil, "no layout for go9.9" },
			map[string]int64{Anon: 46000, Threads: 20, FileExe: 3072, FileMapped: 700, Shmem: 50, Unexplained: 0},
			"no layout for go9.9",
		},
		{
			"not Go",
			func(s *mem.Sample, p *mem.Process) { s.Pages, s.MemStats, p.GoVersion = nil, nil, "" },
			map[string]int64{Anon: 46000, Threads: 20, FileExe: 3072, FileMapped: 700, Shmem: 50, Unexplained: 0},
			"not a Go process",
		},
		{
			"a light look",
			func(s *mem.Sample, _ *mem.Process) {
				s.Smaps, s.VMAs, s.Pages = nil, nil, nil
				s.RSS = mem.RSS{Anon: 100 * kib, File: 20 * kib, Shmem: 3 * kib, Swap: 9 * kib}
			},
			map[string]int64{Anon: 100, File: 20, Shmem: 3, Unexplained: 0},
			"light one",
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			s, p := sample(), goProcess
			c.change(s, &p)
			l := Build(s, p)
			checkSums(t, l)
			got := leaves(l)
			for id, want := range c.want {
				if bytes, there := got[id]; !there || bytes != want*kib {
					t.Errorf("%s = %d KiB (there: %v), want %d", id, bytes/kib, there, want)
				}
			}
			if text := strings.Join(l.Warnings, "\n"); !strings.Contains(text, c.warning) || c.warning == "" && text != "" {
				t.Errorf("warnings %q, want %q", text, c.warning)
			}
		})
	}
}

func classSums(vmas []mem.VMA, p mem.Process) map[class]int64 {
	sums := hold(vmas, nil, p).class
	maps.DeleteFunc(sums, func(_ class, n int64) bool { return n == 0 })
	return sums
}

func TestCgoMappings(t *testing.T) {
	vmas := []mem.VMA{
		at(10, 132, "rw-p", "[heap]", 100),
		at(1<<20, 1000, "rw-p", "", 700), // an arena: used, then reserved
		{Range: mem.Range{Start: 1<<40 + 1000*kib, End: 1<<40 + 64*mib}, Perms: "---p"},
		at(1<<20+64, 64*kib, "rw-p", "", 900), // an arena that is full
		at(2<<20, 4, "---p", "", 0),
		{Range: mem.Range{Start: 2<<40 + 4*kib, End: 2<<40 + 8*mib}, Perms: "rw-p", Rss: 40 * kib}, // a stack
		at(3<<20, 8*kib, "rw-p", "", 7000),                                                         // 8 MiB with no guard: no stack
		at(4<<20, 132, "rw-p", "[stack]", 20),
		at(5<<20, 4, "rw-p", "[anon: glibc: malloc arena]", 4),
		at(5<<20+1, 4, "rw-p", "[anon: glibc: pthread stack: 12]", 4),
		at(5<<20+2, 4, "rw-p", "[anon:cache]", 4),
	}
	cgo := mem.Process{Exe: "/opt/server", Cgo: true}
	got := classSums(vmas, cgo)
	want := map[class]int64{
		classCgoHeap: (100 + 700 + 900 + 4) * kib, classThread: (40 + 20 + 4) * kib, classAnon: 7000 * kib, classOffHeap: 4 * kib,
	}
	if !maps.Equal(got, want) {
		t.Errorf("classes %v, want %v", got, want)
	}
	// Without cgo nothing makes such arenas and stacks.
	got = classSums(vmas, mem.Process{Exe: "/opt/server"})
	if got[classAnon] != (7000+700+900+40)*kib {
		t.Errorf("without cgo: %v", got)
	}
}

func TestExeWithANewLine(t *testing.T) {
	got := classSums([]mem.VMA{at(1, 4, "r-xp", `/opt/a\012b`, 4)}, mem.Process{Exe: "/opt/a\nb"})
	if got[classExe] != 4*kib {
		t.Errorf("classes %v, want the program's file", got)
	}
}

func TestGoldenLedger(t *testing.T) {
	got, err := json.MarshalIndent(Build(sample(), goProcess), "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	const file = "testdata/full.golden.json"
	if *update {
		if err := os.WriteFile(file, append(got, '\n'), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if string(want) != string(got)+"\n" {
		t.Errorf("ledger\n%s\nwant\n%s", got, want)
	}
}

func TestSize(t *testing.T) {
	for bytes, want := range map[int64]string{
		0: "0 B", 1023: "1023 B", -5: "-5 B", 1024: "1.0 KiB", 1536: "1.5 KiB", -1536: "-1.5 KiB",
		1<<20 - 1: "1.0 MiB", 1023 * 1024: "1023.0 KiB", 25061000: "23.9 MiB", 1 << 30: "1.0 GiB", 1 << 40: "1.0 TiB",
		3 << 50: "3072.0 TiB", math.MaxInt64: "8388608.0 TiB", math.MinInt64: "-8388608.0 TiB",
	} {
		if got := Size(bytes); got != want {
			t.Errorf("Size(%d) = %q, want %q", bytes, got, want)
		}
	}
}

func ExampleSize() {
	fmt.Println(Size(42 << 20))
	// Output: 42.0 MiB
}

func TestCounts(t *testing.T) {
	for n, want := range map[uint64]string{0: "0", 999: "999", 1000: "1,000", 1234567: "1,234,567"} {
		if got := Count(n); got != want {
			t.Errorf("Count(%d) = %q, want %q", n, got, want)
		}
	}
}
