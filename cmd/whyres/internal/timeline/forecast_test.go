package timeline

import (
	"testing"

	"whyres/collector/mem"
)

// idleServer is a server that idles after a load, as the seed's does: the GC that
// tells what is garbage is forced at 133.5, then 20 MiB wait in dense chunks, of 24
// that are free; when they go is said by the case.
func idleServer(goes float64, amount float64) []mem.Frame {
	s := &teller{rss: mem.RSS{File: mibs(2)}}
	s.header(mem.Header{
		Attach: "fentry", Host: mem.Host{Kernel: "6.18.44", Arch: "amd64", PageSize: 4096, THP: "madvise", CPUs: 2},
		Process: mem.Process{PID: storyPID, Comm: "server", GoVersion: "go1.26.8"},
	})
	s.heapIs(18, 0.5, 3)
	s.heap.NumGC, s.heap.LastGC, s.heap.ScavengeGCPercentGoal, s.heap.MemoryLimit = 3, at(3), ^uint64(0), 1<<63-1
	s.heap.HeapMarked, s.heap.HeapAlloc, s.heap.HeapWalked = uint64(mibs(5)), uint64(mibs(17)), true
	clock := &mem.GoClock{SysmonRan: at(13.4), SysmonWakes: at(73.4), SysmonSleep: 60e9, ScavengerRead: true, ScavengerParked: true}
	pages := &mem.GoPages{Agrees: true, Searched: true}
	s.clocked(14, 30, clock, pages)
	s.mark(133.5, mem.Mark{Kind: mem.MarkGC, NumGC: 4, Why: "2 min idle"})
	s.heapIs(5, 24, 3.5)
	s.heap.NumGC, s.heap.LastGC, s.heap.HeapAlloc = 4, at(133.5), uint64(mibs(5))
	clock = &mem.GoClock{SysmonRan: at(133.52), SysmonWakes: at(193.52), SysmonSleep: 60e9, ScavengerRead: true, ScavengerParked: true, ScavengerAsked: true}
	free := mem.Amount{Bytes: uint64(mibs(24)), Resident: uint64(mibs(20))}
	pages = &mem.GoPages{Agrees: true, Searched: true, Idle: free, Dense: free, Next: free}
	s.clocked(134, 160, clock, pages)
	for i := range 10 {
		s.call(goes+float64(i)/100, -mibs(amount/10), release(amount/10, mem.WhoBackground))
	}
	s.heapIs(5, 24-amount, 3.5+amount)
	pages = &mem.GoPages{Agrees: true, Searched: true}
	s.clocked(goes+1, goes+30, clock, pages)
	s.mark(goes+31, mem.Mark{Kind: mem.MarkEnd, Why: "interrupt"})
	return s.frames
}

// clocked samples twice a second, pages and all.
func (s *teller) clocked(from, to float64, clock *mem.GoClock, pages *mem.GoPages) {
	for now := from; now < to; now += 0.5 {
		s.sample(now, float64(s.rss.Anon)/mib)
		if s.rss.Anon == 0 {
			s.sample(now, 38)
		}
		last := s.frames[len(s.frames)-1].Sample
		last.Clock, last.Pages = clock, pages
	}
}

func TestForecastGolden(t *testing.T) {
	for name, o := range map[string]Options{
		"forecast-120":       {Width: 120},
		"forecast-120-color": {Width: 120, Color: true},
		"forecast-80":        {Width: 80},
		"forecast-80-color":  {Width: 80, Color: true},
		"forecast-ascii":     {Width: 100, ASCII: true},
	} {
		golden(t, name, render(t, o, idleServer(314.2, 19.5)))
	}
	golden(t, "forecast-missed", render(t, Options{Width: 120}, idleServer(280, 19.5)))
	golden(t, "forecast-sooner", render(t, Options{Width: 120}, idleServer(255, 19.5)))
	golden(t, "forecast-little", render(t, Options{Width: 80}, idleServer(314.2, 12)))
}
