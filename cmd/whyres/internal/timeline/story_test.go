package timeline

import (
	"time"

	"whyres/collector/mem"
)

// The story is made of frames whose sizes are known by construction: each test
// that renders it knows what it must say.

const (
	storyPID  = 4242
	storyZero = mem.Instant(5_000_000_000_000)
)

func at(seconds float64) mem.Instant {
	return storyZero + mem.Instant(seconds*float64(time.Second))
}

func mibs(n float64) int64 { return int64(n * mib) }

// teller keeps RES and the heap while a story is told.
type teller struct {
	frames []mem.Frame
	rss    mem.RSS
	heap   mem.MemStats
	back   *mem.Returned
	vmlck  uint64
	calls  int
}

func (s *teller) add(f mem.Frame) { s.frames = append(s.frames, f) }

func (s *teller) header(h mem.Header) {
	h.Schema, h.Mono = mem.Schema, storyZero
	h.Time = time.Date(2026, 3, 1, 14, 0, 0, 0, time.UTC)
	s.add(mem.Frame{At: h.Mono, Header: &h})
}

func (s *teller) sample(seconds, anon float64) {
	s.rss.Anon = mibs(anon)
	heap := s.heap
	var back *mem.Returned
	if s.back != nil {
		copied := *s.back
		back = &copied
	}
	s.add(mem.Frame{At: at(seconds), Sample: &mem.Sample{
		At: at(seconds), Dur: 90_000, PID: storyPID, RSS: s.rss, RSSSource: "smaps_rollup",
		MemStats: &heap, Returned: back, VMLck: s.vmlck,
	}})
}

func (s *teller) heapIs(inUse, idle, released float64) {
	s.heap.Source = "memory"
	s.heap.HeapInuse, s.heap.HeapReleased = uint64(mibs(inUse)), uint64(mibs(released))
	s.heap.HeapIdle = uint64(mibs(idle)) + s.heap.HeapReleased
	s.heap.StackInuse, s.heap.GCPercent, s.heap.NextGC = uint64(mibs(0.6)), 100, uint64(mibs(25.1))
	s.heap.Sys = s.heap.HeapInuse + s.heap.HeapIdle + uint64(mibs(4))
	s.heap.HeapSys = s.heap.HeapInuse + s.heap.HeapIdle
}

func (s *teller) mark(seconds float64, m mem.Mark) {
	m.At = at(seconds)
	if m.PID == 0 {
		m.PID = storyPID
	}
	s.add(mem.Frame{At: m.At, Mark: &m})
}

// call adds one call that moves RES by moved bytes.
func (s *teller) call(seconds float64, moved int64, e mem.Event) {
	e.At, e.Dur = at(seconds), 12_000
	if e.PID == 0 {
		e.PID = storyPID
	}
	e.TID = e.PID + 3
	if e.Call == mem.Madvise {
		e.Addr += mem.Addr(s.calls << 20)
		s.calls++
	}
	e.Before = s.rss
	e.Attributed = moved
	e.After = e.Before
	e.After.Anon += moved
	if e.PID == storyPID {
		s.rss = e.After
	}
	s.add(mem.Frame{At: e.At, Event: &e})
}

func release(length float64, who mem.Who) mem.Event {
	return mem.Event{Call: mem.Madvise, Advice: "MADV_DONTNEED", Addr: 0xc000400000, Len: uint64(mibs(length)), Who: who}
}

func reserve(length float64, prot uint32) mem.Event {
	return mem.Event{
		Call: mem.Mmap, Addr: 0xc000000000, Len: uint64(mibs(length)), Prot: prot, FD: -1,
		MapFlags: 0x22, Who: mem.WhoGrowth, Ret: 0xc000000000,
	}
}

// story is one trace with everything in it.
func story() []mem.Frame {
	s := &teller{rss: mem.RSS{File: mibs(2.1)}}
	s.header(mem.Header{
		Tool: "0.1.0", FromStart: true, Children: true, Attach: "raw_tracepoint",
		Host:    mem.Host{Kernel: "6.18.44", Arch: "amd64", PageSize: 4096, THP: "madvise", CPUs: 2},
		Process: mem.Process{PID: storyPID, Comm: "server", Exe: "/usr/bin/server", GoVersion: "go1.26.8"},
		Missing: []string{"VMA names: this kernel has no CONFIG_ANON_VMA_NAME"},
	})
	s.heapIs(1.9, 0.2, 1.9)
	s.sample(0.1, 1.0) // RES 3.1
	s.grow()
	s.collect()
	s.giveBack()
	s.trouble()
	s.relatives()
	s.mark(420, mem.Mark{Kind: mem.MarkExit, Signal: 15})
	s.mark(420, mem.Mark{Kind: mem.MarkEnd, Why: "target exited"})
	return s.frames
}

// grow maps 64 MiB in 12 calls, then touches them in between.
func (s *teller) grow() {
	for i := range 11 {
		s.call(2.10+float64(i)/100, 0, reserve(4, 3))
	}
	s.call(2.22, 0, reserve(20, 0))
	s.heapIs(18.1, 0.4, 3.2)
	s.sample(2.3, 39.7) // RES 41.8
	s.sample(2.6, 39.7)
	s.sample(3.5, 39.7)
	for i := range 3 {
		s.call(3.6+float64(i)/10, 0, mem.Event{Call: mem.Mmap, Len: 256 * kib, Prot: 3, FD: -1, MapFlags: 0x22, Who: mem.WhoRuntime})
	}
	s.sample(4.5, 46.0) // faults without a call: +6.3
	s.sample(4.7, 46.0)
	s.sample(5.2, 46.0)
}

// collect forces a GC after a long silence, and many more at once later on.
func (s *teller) collect() {
	s.mark(133.50, mem.Mark{Kind: mem.MarkGC, NumGC: 4, Why: "2 min idle"})
	s.heapIs(5.4, 23.9, 3.9)
	s.heap.NumGC = 4
	s.sample(133.6, 45.9)
	s.sample(134.5, 45.9)
	for i := range 50 {
		s.mark(140+float64(i)/50, mem.Mark{Kind: mem.MarkGC, NumGC: uint32(5 + i), Why: "heap goal"})
	}
	s.heap.NumGC = 54
	s.sample(141.1, 45.9)
	s.sample(142, 45.9)
}

// giveBack returns 21.25 MiB in 161 calls; some of it comes back.
func (s *teller) giveBack() {
	for i := range 161 {
		s.call(253.61+float64(i)*0.0025, -mibs(0.132), release(0.132, mem.WhoBackground))
	}
	s.heapIs(5.4, 2.65, 25.1)
	s.back = &mem.Returned{Ranges: 161, Bytes: uint64(mibs(21.25))}
	anon := float64(s.rss.Anon) / mib
	s.sample(254.1, anon)
	s.sample(254.8, anon)
	s.back = &mem.Returned{Ranges: 161, Bytes: uint64(mibs(21.25)), Resident: uint64(mibs(1.5))}
	s.heapIs(6.9, 2.65, 23.6)
	s.sample(258.0, anon+1.5)
	s.sample(258.7, anon+1.5)
	after := s.rss
	after.Anon += mibs(2)
	for range 8 {
		s.mark(259.0, mem.Mark{Kind: mem.MarkCollapse, RSS: after})
	}
	s.sample(259.4, anon+3.5)
	s.sample(260.1, anon+3.5)
}

// trouble: refused releases, one that frees nothing, a lazy one, lost events.
func (s *teller) trouble() {
	for i := range 3 {
		e := release(4, mem.WhoForced)
		e.Errno, e.Ret = "EINVAL", -1
		s.call(262+float64(i)/100, 0, e)
	}
	s.call(263, 0, release(4, mem.WhoForced))
	lazy := release(1, mem.WhoUser)
	lazy.Advice = "MADV_FREE"
	lazy.Stack = []string{"syscall.Syscall", "main.(*cache[go.shape.int]).drop", "main.main"}
	s.call(264, 0, lazy)
	s.add(mem.Frame{At: at(266), Lost: &mem.Lost{
		At: at(266), Total: 12345, New: 12345, Reasons: map[string]uint64{"ring full": 12345},
	}})
	s.sample(267, float64(s.rss.Anon)/mib)
	s.sample(268, float64(s.rss.Anon)/mib)
	s.sample(275, float64(s.rss.Anon)/mib-5) // the kernel takes pages
	s.sample(276, float64(s.rss.Anon)/mib)
}

// relatives: a child that maps and execs.
func (s *teller) relatives() {
	s.mark(280, mem.Mark{Kind: mem.MarkFork, Child: 4250})
	e := reserve(8, 3)
	e.PID, e.Who = 4250, mem.WhoUser
	e.Stack = []string{"main.child"}
	s.call(280.1, 0, e)
	s.mark(280.2, mem.Mark{Kind: mem.MarkExec, PID: 4250, Comm: "sh\x1b[31m", Why: "server"})
	s.mark(281, mem.Mark{Kind: mem.MarkExit, PID: 4250})
	s.sample(283, float64(s.rss.Anon)/mib)
}
