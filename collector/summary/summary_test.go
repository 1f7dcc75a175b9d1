package summary

import (
	"math"
	"testing"

	"whyres/collector/mem"
)

const mib = 1 << 20

// process is the sample of a process with the heap at 1 GiB and 1 MiB of its
// program's file; change makes a case of it.
func process(change func(s *mem.Sample)) *mem.Sample {
	s := &mem.Sample{
		PID: 7, Smaps: &mem.Smaps{},
		MemStats: &mem.MemStats{
			HeapWalked: true, NumGC: 3, MemoryLimit: math.MaxInt64,
			HeapSys: 64 * mib, ScavengeGCPercentGoal: math.MaxUint64,
		},
		Pages: &mem.GoPages{Agrees: true, Arenas: []mem.Range{mem.RangeAt(1<<30, 64*mib)}},
		VMAs: []mem.VMA{
			{Range: mem.RangeAt(4<<20, mib), Perms: "r-xp", Path: "/bin/p", Inode: 5, Rss: mib},
			{Range: mem.RangeAt(1<<30, 64*mib), Perms: "rw-p"},
		},
	}
	change(s)
	for i := range s.VMAs {
		v := &s.VMAs[i]
		if v.Path == "" {
			v.Anonymous = v.Rss
			s.RSS.Anon += int64(v.Rss)
		} else {
			s.RSS.File += int64(v.Rss)
		}
	}
	s.Smaps.Rss = uint64(s.RSS.Total())
	return s
}

func both(bytes uint64) mem.Amount { return mem.Amount{Bytes: bytes, Resident: bytes} }

func of(s *mem.Sample) Line {
	return Of(s, mem.Process{PID: 7, Comm: "p", Exe: "/bin/p", GoVersion: "go1.26.8"})
}

func TestOf(t *testing.T) {
	t.Parallel()
	idle := func(s *mem.Sample) { s.Pages.Idle, s.VMAs[1].Rss = both(20*mib), 20*mib }
	released := func(s *mem.Sample) { s.Pages.Released, s.VMAs[1].Rss = both(30*mib), 30*mib }
	for name, tt := range map[string]struct {
		change                         []func(s *mem.Sample)
		free, goesBack, offered, again int64
		why                            string
	}{
		"idle below the goal": {[]func(*mem.Sample){idle}, 20, 20, 0, 0, "below the goal"},
		"idle above the goal": {[]func(*mem.Sample){idle, func(s *mem.Sample) {
			s.MemStats.ScavengeGCPercentGoal = 10 * mib
		}}, 20, 20, 0, 0, "free, being released"},
		"idle below the goal, above the limit's": {[]func(*mem.Sample){idle, func(s *mem.Sample) {
			s.MemStats.MemoryLimit, s.MemStats.ScavengeMemoryLimitGoal, s.MemStats.Sys = 50*mib, 10*mib, 70*mib
		}}, 20, 20, 0, 0, "free, being released"},
		"mostly dense": {[]func(*mem.Sample){idle, func(s *mem.Sample) {
			s.Pages.Dense = both(15 * mib)
		}}, 20, 20, 0, 0, "dense chunks until next GC"},
		"no GC yet": {[]func(*mem.Sample){idle, func(s *mem.Sample) { s.MemStats.NumGC = 0 }}, 20, 20, 0, 0, "free, no GC yet"},
		"a runtime without a goal": {[]func(*mem.Sample){idle, func(s *mem.Sample) {
			s.MemStats.ScavengeGCPercentGoal = 0
		}}, 20, 20, 0, 0, "free, not released"},
		"locked": {[]func(*mem.Sample){idle, func(s *mem.Sample) {
			s.VMAs[1].Locked = 20 * mib
		}}, 20, 0, 0, 0, "locked memory"},
		"not resident": {[]func(*mem.Sample){idle, func(s *mem.Sample) {
			s.Pages.Idle.Resident, s.VMAs[1].Rss = 0, 0
		}}, 0, 0, 0, 0, "files"},
		"MADV_FREE":         {[]func(*mem.Sample){released, func(s *mem.Sample) { s.VMAs[1].LazyFree = 30 * mib }}, 0, 30, 30, 0, "MADV_FREE, till memory is short"},
		"released and back": {[]func(*mem.Sample){released}, 0, 0, 0, 30, "released, came back"},
		"released, then mlocked": {[]func(*mem.Sample){released, func(s *mem.Sample) {
			s.VMAs[1].Locked = 30 * mib
		}}, 0, 0, 0, 30, "locked memory"},
		"mapped elsewhere": {[]func(*mem.Sample){idle, func(s *mem.Sample) {
			s.VMAs = append(s.VMAs, mem.VMA{Range: mem.RangeAt(2<<30, 100*mib), Perms: "rw-p", Rss: 50 * mib})
		}}, 20, 20, 0, 0, "not Go's heap"},
		"stacks": {[]func(*mem.Sample){idle, func(s *mem.Sample) {
			s.Pages.Stacks, s.VMAs[1].Rss = both(40*mib), 60*mib
		}}, 20, 20, 0, 0, "goroutine stacks"},
	} {
		got := of(process(func(s *mem.Sample) {
			for _, change := range tt.change {
				change(s)
			}
		}))
		for what, pair := range map[string][2]Size{
			"free": {got.Free, known(tt.free * mib)}, "goes back": {got.GoesBack, known(tt.goesBack * mib)},
			"offered": {got.Offered, known(tt.offered * mib)}, "came back": {got.CameBack, known(tt.again * mib)},
		} {
			if pair[0] != pair[1] {
				t.Errorf("%s: %s is %+v, want %+v", name, what, pair[0], pair[1])
			}
		}
		if got.Why.Words != tt.why || !got.Full {
			t.Errorf("%s: why %+v, want %q; full: %v", name, got.Why, tt.why, got.Full)
		}
		sum := int64(0)
		for _, bytes := range got.Leaves() {
			sum += bytes
		}
		if sum != got.RES {
			t.Errorf("%s: leaves sum to %d, RES is %d", name, sum, got.RES)
		}
	}
}

// Where the runtime releases with MADV_FREE, FreeOSMemory brings nothing at
// once: what is free goes only when memory is short, as what is offered.
func TestMadvFree(t *testing.T) {
	t.Parallel()
	idle := func(lazy, locked uint64) *mem.Sample {
		return process(func(s *mem.Sample) {
			s.Pages.Idle, s.VMAs[1].Rss = both(20*mib), 30*mib
			s.Pages.Released = mem.Amount{Bytes: 10 * mib, Resident: lazy}
			s.VMAs[1].LazyFree, s.VMAs[1].Locked = lazy, locked
		})
	}
	for _, tt := range []struct {
		version, godebug        string
		lazy, locked            uint64
		freeable, offered, back int64
	}{
		{"go1.11.13", "", 0, 0, 20, 0, 20},
		{"go1.12", "", 0, 0, 0, 20, 20},
		{"go1.15.15", "", 0, 0, 0, 20, 20},
		{"go1.15.15", "", 8 * mib, 0, 0, 28, 28},
		{"go1.16.15", "", 0, 0, 20, 0, 20},
		{"go1.26.8", "", 8 * mib, 0, 0, 28, 28}, // GODEBUG=madvdontneed=0
		{"go1.15.15", "", 0, 30 * mib, 0, 0, 0},
		{"", "", 0, 0, 20, 0, 20},
		{"go1.26.8", "madvdontneed=0", 0, 0, 0, 20, 20},
		{"go1.26.8", "x=1,madvdontneed=1", 0, 0, 20, 0, 20},
		{"go1.15.15", "madvdontneed=1", 0, 0, 20, 0, 20},
		{"go1.15.15", "madvdontneed=no", 0, 0, 0, 20, 20}, // the runtime passes over it
		{"go1.15.15", "gctrace=1", 0, 0, 0, 20, 20},
		{"go1.11.13", "madvdontneed=0", 0, 0, 20, 0, 20},
		{"go1.26.8", "madvdontneed=1", 8 * mib, 0, 0, 28, 28}, // it is there all the same
	} {
		got := Of(idle(tt.lazy, tt.locked), mem.Process{PID: 7, Exe: "/bin/p", GoVersion: tt.version, Env: map[string]string{"GODEBUG": tt.godebug}})
		if got.Freeable != known(tt.freeable*mib) || got.Offered != known(tt.offered*mib) || got.GoesBack != known(tt.back*mib) {
			t.Errorf("%+v: freeable %+v, offered %+v, goes back %+v", tt, got.Freeable, got.Offered, got.GoesBack)
		}
	}
}

// What the runtime counts as released, and never was, did not come back.
func TestReservedDidNotComeBack(t *testing.T) {
	t.Parallel()
	got := of(process(func(s *mem.Sample) {
		s.Pages.Released, s.Pages.Reserved, s.VMAs[1].Rss = both(10*mib), both(4*mib), 14*mib
	}))
	if got.CameBack != known(10*mib) || got.GoesBack != known(0) {
		t.Errorf("came back %+v, goes back %+v", got.CameBack, got.GoesBack)
	}
}

// Why something is not known.
func TestWhyNotFull(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		change                 func(s *mem.Sample)
		full, light, undivided bool
	}{
		"full":      {func(*mem.Sample) {}, true, false, false},
		"light":     {func(s *mem.Sample) { s.Smaps, s.VMAs, s.Pages = nil, nil, nil }, false, true, false},
		"no pages":  {func(s *mem.Sample) { s.Pages = nil }, false, false, false},
		"undivided": {func(s *mem.Sample) { s.Pages.Agrees = false }, false, false, true},
	} {
		s := process(func(*mem.Sample) {})
		tt.change(s)
		if got := of(s); got.Full != tt.full || got.Light != tt.light || got.Undivided != tt.undivided {
			t.Errorf("%s: full %v, light %v, undivided %v", name, got.Full, got.Light, got.Undivided)
		}
	}
}

// Live and garbage are told by the last GC: before the first one nothing is
// known to be live.
func TestLiveAndGarbage(t *testing.T) {
	t.Parallel()
	heap := func(s *mem.Sample) {
		s.Pages.InUse, s.VMAs[1].Rss = both(50*mib), 50*mib
		s.MemStats.HeapAlloc, s.MemStats.HeapMarked = 48*mib, 30*mib
	}
	got := of(process(heap))
	if got.Live != known(30*mib) || got.Garbage != known(18*mib) || got.GoesBack != known(0) || got.Why.Words != "live objects" || got.Why.Bytes != 30*mib {
		t.Errorf("%+v", got)
	}
	got = of(process(func(s *mem.Sample) { heap(s); s.MemStats.NumGC = 0 }))
	if got.Live.Known || got.Garbage != known(48*mib) || got.Why.Words != "objects, no GC yet" {
		t.Errorf("no GC yet: %+v", got)
	}
}

// What a light look cannot know is not known.
func TestLightLook(t *testing.T) {
	t.Parallel()
	got := of(&mem.Sample{
		PID: 7, RSS: mem.RSS{Anon: 50 * mib, File: mib},
		MemStats: &mem.MemStats{NumGC: 2, HeapMarked: 20 * mib, HeapIdle: 20 * mib},
	})
	if got.Full || got.Free.Known || got.GoesBack.Known || got.Garbage.Known || got.Live != known(20*mib) || got.RES != 51*mib || got.Why.Words != "anonymous memory" {
		t.Errorf("%+v", got)
	}
	if got = of(&mem.Sample{PID: 7, RSS: mem.RSS{Anon: mib}}); got.Live.Known || got.RES != mib {
		t.Errorf("without the runtime: %+v", got)
	}
}

func TestUnsteady(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(s *mem.Sample){
		"pages do not agree": func(s *mem.Sample) { s.Pages.Agrees = false },
		"torn":               func(s *mem.Sample) { s.MemStats.Torn = true },
		"it shrank":          func(s *mem.Sample) { s.Moved = -mib },
	} {
		if of(process(func(*mem.Sample) {})).Unsteady || !of(process(change)).Unsteady {
			t.Errorf("%s: not told", name)
		}
	}
}

func TestCommon(t *testing.T) {
	t.Parallel()
	for _, tt := range [][3]string{
		{"file.exe", "file.mapped", "file"},
		{"heap.idle.dense", "heap.idle.goal", "heap.idle"},
		{"heap.idle", "heap.idle.goal", "heap.idle"},
		{"cgo.heap", "threads", "cgo.heap"},
		{"shmem", "shmem", "shmem"},
	} {
		if got := common(tt[0], tt[1]); got != tt[2] {
			t.Errorf("%s and %s have %s in common", tt[0], tt[1], got)
		}
	}
}
