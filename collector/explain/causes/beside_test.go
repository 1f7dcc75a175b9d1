package causes

import (
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"whyres/collector/ledger"
	"whyres/collector/mem"
)

// goProcess are the facts of a healthy process: 40 MiB of heap, 4 MiB of its own
// file, 1 MiB of the runtime's; change makes a case of it.
func goProcess(change func(f *Facts)) *Facts {
	f := &Facts{
		Host:    mem.Host{Kernel: "6.18.44", PageSize: 4096, CPUs: 4},
		Process: mem.Process{PID: 42, GoVersion: "go1.26.8"},
		Sample: &mem.Sample{
			RSS: mem.RSS{Anon: 41 * mib, File: 4 * mib}, RSSSource: "smaps_rollup", Threads: 8,
			VMSize: 1200 * mib, VMPTE: 200 << 10,
			MemStats: &mem.MemStats{
				Source: "memory", Sys: 50 * mib, HeapSys: 44 * mib, HeapReleased: 4 * mib, MemoryLimit: math.MaxInt64, GCPercent: 100,
			},
			Smaps: &mem.Smaps{},
		},
	}
	part := func(id string, bytes int64) {
		f.Ledger.Parts = append(f.Ledger.Parts, ledger.Part{ID: id, Bytes: bytes})
		f.Ledger.RES += bytes
	}
	part(ledger.HeapLive, 40*mib)
	part(ledger.Metadata, mib)
	part(ledger.FileExe, 4*mib)
	part(ledger.Unexplained, 0)
	change(f)
	return f
}

// add puts bytes of anonymous memory in a leaf.
func (f *Facts) add(leaf string, bytes int64) {
	f.Ledger.Parts = append(f.Ledger.Parts, ledger.Part{ID: leaf, Bytes: bytes})
	f.Ledger.RES += bytes
	f.Sample.RSS.Anon += bytes
}

func TestBeside(t *testing.T) {
	t.Parallel()
	type want struct {
		id            string
		confidence    Confidence
		bytes, beside int64
		says          string // in a sentence, the evidence or a remedy
	}
	none := want{}
	alone := func(usage, inactive uint64) func(*Facts) {
		return func(f *Facts) {
			f.Sample.Cgroup = &mem.Cgroup{
				Path: "/a", Processes: 1, Usage: usage, WorkingSet: usage - inactive, InactiveFile: inactive,
				Anon: 41 * mib, File: usage - 41*mib,
			}
		}
	}
	for name, tt := range map[string]struct {
		change func(*Facts)
		want   want
	}{
		"healthy":               {func(*Facts) {}, none},
		"alone in its group":    {alone(50*mib, mib), none},
		"tables":                {func(f *Facts) { f.Sample.VMPTE = 64 * mib }, want{"page-tables", Proved, 0, 64 * mib, "about 90.0 KiB"}},
		"tables of small pages": {func(f *Facts) { f.Sample.VMPTE, f.Host.PageSize = 64*mib, 65536 }, want{"page-tables", Proved, 0, 64 * mib, "about 5.6 KiB"}},
		"tables of a heap that was larger": {func(f *Facts) {
			f.Sample.VMPTE, f.Host.Kernel, f.Sample.MemStats.HeapReleased = 64*mib, "6.12.0", 4*mib
		}, want{"page-tables", Proved, 0, 64 * mib, "on Linux 6.12 released memory keeps its tables"}},
		"swap":          {func(f *Facts) { f.Sample.RSS.Swap = 30 * mib }, want{"swapped", Proved, 0, 30 * mib, "together are 75.0 MiB"}},
		"swap by smaps": {func(f *Facts) { f.Sample.Smaps.Swap = 30 * mib }, want{"swapped", Proved, 0, 30 * mib, ""}},
		"some swap":     {func(f *Facts) { f.Sample.RSS.Swap = 2 * mib }, none},
		"swap in a trace": {func(f *Facts) {
			f.Sample.RSS.Swap = 30 * mib
			f.Trace = &Trace{SwapFirst: mib, SwapLast: 30 * mib, RESFirst: 80 * mib}
		}, want{"swapped", Proved, 0, 30 * mib, "from 1.0 MiB to 30.0 MiB, and RES from 80.0 MiB to 45.0 MiB"}},

		// 8 threads of 64 pages, of three kinds.
		"status by thread":      {func(f *Facts) { f.Sample.RSSSource, f.Host.Kernel = "status", "5.10.0-32-amd64" }, want{"inexact-rss", Possible, 0, 3 * 8 * 64 * 4096, "8 threads"}},
		"status by few threads": {func(f *Facts) { f.Sample.RSSSource, f.Host.Kernel, f.Sample.Threads = "status", "6.1.0", 2 }, none},
		// 64 processors: batches of 128 pages.
		"status by CPU":    {func(f *Facts) { f.Sample.RSSSource, f.Host.Kernel, f.Host.CPUs = "status", "6.2", 64 }, want{"inexact-rss", Possible, 0, 3 * 64 * 128 * 4096, "64 processors"}},
		"status of 6.12":   {func(f *Facts) { f.Sample.RSSSource, f.Host.Kernel, f.Host.CPUs = "status", "6.12.38", 64 }, want{"inexact-rss", Possible, 0, 3 * 64 * 128 * 4096, "Linux 6.12"}},
		"status of 6.15":   {func(f *Facts) { f.Sample.RSSSource, f.Host.Kernel, f.Host.CPUs = "status", "6.15.90", 64 }, want{"inexact-rss", Possible, 0, 3 * 64 * 128 * 4096, ""}},
		"mended, 6.12":     {func(f *Facts) { f.Sample.RSSSource, f.Host.Kernel, f.Host.CPUs = "status", "6.12.39-1", 64 }, none},
		"mended, 6.16":     {func(f *Facts) { f.Sample.RSSSource, f.Host.Kernel, f.Host.CPUs = "status", "6.16-rc1", 64 }, none},
		"status, exact":    {func(f *Facts) { f.Sample.RSSSource, f.Host.CPUs = "status", 64 }, none},
		"odd kernel":       {func(f *Facts) { f.Sample.RSSSource, f.Host.Kernel = "status", "six" }, none},
		"smaps, old":       {func(f *Facts) { f.Host.Kernel = "5.10.0" }, none},
		"VIRT is no cause": {func(f *Facts) { f.Sample.VMSize = 1 << 40 }, none},

		"page cache":             {alone(200*mib, 100*mib), want{"container-metric", Possible, 0, 155 * mib, "155.0 MiB page cache of files"}},
		"page cache, whose ever": {alone(200*mib, 100*mib), want{"container-metric", Possible, 0, 155 * mib, "for all that are or were in it"}},
		"page cache, limited above": {func(f *Facts) {
			alone(200*mib, 100*mib)(f)
			g := f.Sample.Cgroup
			g.Path, g.Limit, g.LimitAt, g.LimitUsage = "/p/a", 400*mib, "/p", 350*mib
		}, want{"container-metric", Possible, 0, 155 * mib, "the limit of /p, the group above, is 400.0 MiB: 50.0 MiB of it are free"}},
		"page cache of several": {func(f *Facts) {
			alone(200*mib, 100*mib)(f)
			f.Sample.Cgroup.Processes = 2
		}, want{"container-metric", Possible, 0, 155 * mib, "its 2 processes"}},
		"a small one of its group": {func(f *Facts) {
			alone(200*mib, 0)(f)
			f.Sample.Cgroup.Processes, f.Sample.Cgroup.Anon = 2, 150*mib
		}, none},
		"the host's own group": {func(f *Facts) {
			alone(200*mib, 0)(f)
			f.Sample.Cgroup.Path = "/"
		}, none},
		"uncounted group": {func(f *Facts) {
			alone(200*mib, 0)(f)
			f.Sample.Cgroup.Processes = 0
		}, none},
		"sockets": {func(f *Facts) {
			alone(46*mib, 0)(f)
			f.Sample.Cgroup.Usage, f.Sample.Cgroup.Sock = 100*mib, 54*mib
		}, want{"container-metric", Possible, 0, 55 * mib, "54.0 MiB sockets' buffers"}},
		"lazily freed": {func(f *Facts) {
			alone(45*mib, 30*mib)(f)
			f.Sample.Smaps.LazyFree = 30 * mib
		}, want{"container-metric", Possible, 0, 30 * mib, "30.0 MiB of RES were released with MADV_FREE"}},

		"limit above the group": {func(f *Facts) {
			f.add(ledger.CgoHeap, 60*mib)
			f.Sample.MemStats.MemoryLimit = 90 * mib
			f.Sample.Cgroup = &mem.Cgroup{Path: "/a", Limit: 100 * mib, Usage: 80 * mib, WorkingSet: 80 * mib}
			// 90 for Go, and 60 of C: 50 too many. 100 - 60 - 10 are left for Go.
		}, want{"limit-excludes-native", Likely, 0, 50 * mib, "GOMEMLIMIT=30MiB"}},
		"no room for Go": {func(f *Facts) {
			f.add(ledger.CgoHeap, 95*mib)
			f.Sample.MemStats.MemoryLimit = 90 * mib
			f.Sample.Cgroup = &mem.Cgroup{Path: "/a", Limit: 100 * mib}
		}, want{"limit-excludes-native", Likely, 0, 85 * mib, "no room for Go"}},
		// 100 of C's, 60 of another group and GOMEMLIMIT=90, and a tenth: 277.7.
		"limit of the group above": {func(f *Facts) {
			f.add(ledger.CgoHeap, 100*mib)
			f.Sample.MemStats.MemoryLimit = 90 * mib
			f.Sample.Cgroup = &mem.Cgroup{Path: "/p/a", Limit: 180 * mib, LimitAt: "/p", LimitUsage: 200 * mib, Usage: 140 * mib}
		}, want{"limit-excludes-native", Likely, 0, 10 * mib, "the limit of the control group /p to 277.8 MiB"}},
		"limit that fits": {func(f *Facts) {
			f.add(ledger.CgoHeap, 60*mib)
			f.Sample.MemStats.MemoryLimit = 30 * mib
			f.Sample.Cgroup = &mem.Cgroup{Path: "/a", Limit: 100 * mib}
		}, none},
		"files are no danger": {func(f *Facts) {
			f.Ledger.Parts[2].Bytes += 60 * mib
			f.Ledger.RES += 60 * mib
			f.Sample.RSS.File += 60 * mib
			f.Sample.MemStats.MemoryLimit = 90 * mib
			f.Sample.Cgroup = &mem.Cgroup{Path: "/a", Limit: 100 * mib}
		}, none},
		"RES above the limit": {func(f *Facts) {
			f.add(ledger.OffHeap, 60*mib)
			f.Sample.MemStats.MemoryLimit = 50 * mib // Go's own are 46
		}, want{"limit-excludes-native", Possible, 55 * mib, 0, "60.0 MiB mapped outside Go's heap"}},
		"Go above the limit": {func(f *Facts) {
			f.add(ledger.OffHeap, 60*mib)
			f.Sample.MemStats.MemoryLimit = 40 * mib
		}, none},
		"no limit": {func(f *Facts) { f.add(ledger.OffHeap, 60*mib) }, none},

		"race": {func(f *Facts) {
			f.add(ledger.OffHeap, 80*mib)
			f.Process.Sanitizer = "race"
			f.Sample.VMAs = []mem.VMA{
				{Range: mem.RangeAt(0xc000000000, 64*mib), Rss: 40 * mib},
				{Range: mem.RangeAt(0x218000000000, 128*mib), Rss: 60 * mib},
				{Range: mem.RangeAt(0x306000000000, 32*mib), Rss: 10 * mib},
				{Range: mem.RangeAt(0x7f0000000000, 32*mib), Rss: 10 * mib},
			}
		}, want{"instrumented-build", Proved, 70 * mib, 0, "-race"}},
		"race without its memory": {func(f *Facts) {
			f.add(ledger.OffHeap, 80*mib)
			f.Process.Sanitizer = "race"
		}, none},
		"asan": {func(f *Facts) {
			f.add(ledger.OffHeap, 80*mib)
			f.Process.Sanitizer = "asan"
		}, want{"instrumented-build", Possible, 80 * mib, 0, "-asan"}},
		"asan of amd64": {func(f *Facts) {
			f.add(ledger.OffHeap, 80*mib)
			f.Process.Sanitizer, f.Host.Arch = "asan", "amd64"
			f.Sample.VMAs = []mem.VMA{
				{Range: mem.Range{Start: 0x2008fff7000, End: 0x10007fff8000}, Rss: 12 * mib},
				{Range: mem.RangeAt(0x7f0000000000, 64*mib), Rss: 68 * mib},
			}
		}, want{"instrumented-build", Proved, 12 * mib, 0, "0x2008fff7000"}},
		"fine profile": {func(f *Facts) {
			f.add(ledger.Metadata+"x", 0)
			f.Ledger.Parts[1].Bytes += 20 * mib
			f.Ledger.RES += 20 * mib
			f.Sample.MemStats.BuckHashSys = 18*mib + 179999*8
			f.Sample.Clock = &mem.GoClock{MemProfileRate: 1}
		}, want{"instrumented-build", Likely, 18 * mib, 0, "MemProfileRate is 1"}},
		"profile of an unknown rate": {func(f *Facts) {
			f.Ledger.Parts[1].Bytes += 20 * mib
			f.Ledger.RES += 20 * mib
			f.Sample.MemStats.BuckHashSys = 18*mib + 179999*8
		}, want{"instrumented-build", Possible, 18 * mib, 0, "MemProfileRate is not known"}},
		"many buckets at the usual rate": {func(f *Facts) {
			f.Ledger.Parts[1].Bytes += 20 * mib
			f.Ledger.RES += 20 * mib
			f.Sample.MemStats.BuckHashSys = 18*mib + 179999*8
			f.Sample.Clock = &mem.GoClock{MemProfileRate: 512 << 10}
		}, none},
		// A small program: the table, and some buckets.
		"usual profile": {func(f *Facts) {
			f.Ledger.Parts[0].Bytes -= 32 * mib
			f.Ledger.Parts[1].Bytes += mib
			f.Ledger.RES -= 31 * mib
			f.Sample.MemStats.BuckHashSys = 179999*8 + 40<<10
		}, none},
	} {
		f := goProcess(tt.change)
		j := Judge(slices.Concat(built(), beside()), f)
		sum := j.Healthy
		for _, c := range j.Causes {
			sum += c.Bytes
		}
		if sum != f.RES() {
			t.Errorf("%s: the causes and what is healthy are %d, RES is %d", name, sum, f.RES())
		}
		if tt.want == none {
			if len(j.Causes) > 0 {
				t.Errorf("%s: %+v, want none", name, j.Causes)
			}
			continue
		}
		if len(j.Causes) != 1 {
			t.Errorf("%s: %d causes, want %s: %+v", name, len(j.Causes), tt.want.id, j.Causes)
			continue
		}
		c := j.Causes[0]
		if got := (want{c.ID, c.Confidence, c.Bytes, c.Beside, tt.want.says}); got != tt.want {
			t.Errorf("%s: %+v, want %+v", name, got, tt.want)
		}
		text := strings.Join(slices.Concat([]string{c.Says}, c.Evidence, c.Remedy), "\n")
		if !strings.Contains(text, tt.want.says) {
			t.Errorf("%s: nothing says %q:\n%s", name, tt.want.says, text)
		}
		if c.Says == "" || strings.HasSuffix(c.Says, ".") || len(c.Evidence) == 0 || len(c.Remedy) == 0 {
			t.Errorf("%s: lacks a text: %+v", name, c)
		}
	}
}

// Whatever the numbers of a sample, no cause holds less than nothing.
func TestBesideOfHostileNumbers(t *testing.T) {
	t.Parallel()
	const huge = 1 << 57
	f := goProcess(func(f *Facts) {
		f.add(ledger.OffHeap, 50*mib)
		f.Up = time.Hour
		f.Sample.VMPTE, f.Sample.VMSize, f.Sample.Smaps.Swap = huge, huge, huge
		f.Sample.MemStats.MemoryLimit = huge
		f.Sample.MemStats.Sys, f.Sample.MemStats.HeapReleased = mib, huge
		f.Sample.MemStats.BuckHashSys = math.MaxUint64
		f.Sample.Cgroup = &mem.Cgroup{
			Path: "/\x1b[2J", Processes: 1, Limit: huge, Usage: huge, Anon: huge, File: huge, Shmem: huge,
			InactiveFile: huge, Sock: huge, Kernel: huge, Slab: huge, PageTables: huge,
		}
	})
	for _, c := range Judge(slices.Concat(built(), beside()), f).Causes {
		if c.Bytes < 0 || c.Beside < 0 {
			t.Errorf("%+v", c)
		}
	}
}

func TestPagesBesideAreWhole(t *testing.T) {
	t.Parallel()
	for _, c := range slices.Concat(built(), beside()) {
		p := c.Page
		if p.What == "" || p.Mechanism == "" || p.Proof == "" || p.Versions == "" || len(p.Remedy) == 0 || len(p.Sources) == 0 {
			t.Errorf("%s: its page lacks a text", c.ID)
		}
		if got, ok := ByID(c.ID); !ok || got.Page.What != p.What {
			t.Errorf("%s: not in the catalogue", c.ID)
		}
	}
}

func TestKernelVersion(t *testing.T) {
	t.Parallel()
	for release, want := range map[string][3]int{
		"6.1.0-18-amd64": {6, 1, 1}, "5.10": {5, 10, 1}, "7.2-rc1": {7, 2, 1}, "6.18.44-fc-v782": {6, 18, 1},
		"": {}, "6": {}, "six.1": {}, "6.x": {},
	} {
		major, minor, known := kernelVersion(release)
		if known != (want[2] == 1) || known && (major != want[0] || minor != want[1]) {
			t.Errorf("%q: %d %d %v", release, major, minor, known)
		}
	}
}
