package timeline

import (
	"strings"
	"testing"
	"time"

	"whyres/collector/explain"
	"whyres/collector/explain/clock"
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

// What is said of when: one time each, and none where none is known.
func TestWhen(t *testing.T) {
	now := time.Date(2026, 3, 1, 14, 0, 0, 0, time.UTC)
	in := func(seconds int) time.Time { return now.Add(time.Duration(seconds) * time.Second) }
	for name, c := range map[string]struct {
		forecast explain.Forecast
		want     string
	}{
		"a window": {
			explain.Forecast{Bytes: mibs(22), Earliest: in(60), Latest: in(75), Why: "why"},
			"about 22.0 MiB leave RES between 14:01:00 and 14:01:15 (in 1m00s). Why.",
		},
		"two windows": {
			explain.Forecast{
				Bytes: mibs(22), AfterGC: 4, Earliest: in(160), Latest: in(175), SoonerEarliest: in(100), SoonerLatest: in(112), Why: "why",
			},
			"about 22.0 MiB leave RES after GC 4: between 14:01:40 and 14:01:52 (in 1m40s) if the host is busy then, or else between 14:02:40 and 14:02:55. Why.",
		},
		"a GC by force": {
			explain.Forecast{Stage: clock.Garbage, UpTo: mibs(12), AfterGC: 4, GCEarliest: in(60), GCLatest: in(64)},
			"up to 12.0 MiB of new objects, and what has died of the others, may turn out to be garbage with GC 4, forced between 14:01:00 and 14:01:04 (in 1m00s).",
		},
		"a GC by growth": {
			explain.Forecast{Stage: clock.Garbage, UpTo: mibs(12), AfterGC: 4, ByGrowth: true, GCAbout: in(44)},
			"up to 12.0 MiB of new objects, and what has died of the others, may turn out to be garbage with GC 4, which comes by the heap's growth, in about 44 s at the pace since the last.",
		},
		"by growth, nobody knows when": {
			explain.Forecast{Bytes: mibs(12), AfterGC: 4, ByGrowth: true},
			"about 12.0 MiB leave RES after GC 4, which comes by the heap's growth.",
		},
		"no time": {explain.Forecast{Bytes: mibs(12)}, "about 12.0 MiB leave RES."},
	} {
		got := when(&explain.Verdict{Time: now, Forecast: &c.forecast})
		if got = strings.ReplaceAll(got, glue, " "); got != c.want {
			t.Errorf("%s:\n%s\nwant\n%s", name, got, c.want)
		}
	}
}

// A trace's row of a GC that nobody forces names no window.
func TestGrowthRow(t *testing.T) {
	for stage, want := range map[clock.Stage]string{
		clock.Garbage: "GC 4 tells what is garbage, up to 12.0 MiB of new objects; comes by the heap's growth, in about 44 s",
		clock.NextGC:  "about 12.0 MiB; after GC 4; comes by the heap's growth, in about 44 s",
	} {
		made := &clock.Made{At: at(0), Forecast: clock.Forecast{
			Stage: stage, Bytes: mibs(12), UpTo: mibs(12), AfterGC: 4, ByGrowth: true, GrowsAt: at(44),
		}}
		var said []string
		for _, c := range forecastRow(&clock.Saying{At: at(0), Made: made}, row{}).text {
			said = append(said, c.full)
		}
		if got := strings.ReplaceAll(strings.Join(said, "; "), glue, " "); got != want {
			t.Errorf("%s: %q, want %q", stage, got, want)
		}
		if got := waitingText(made, at(1)); got != "" {
			t.Errorf("%s: %q counts down to a guess", stage, got)
		}
	}
}
