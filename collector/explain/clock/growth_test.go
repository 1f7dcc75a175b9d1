package clock

import (
	"math"
	"strings"
	"testing"
	"time"

	"whyres/collector/mem"
)

// atWork is a program with a ticker: its heap goes from 5 to 10 MiB, where its
// next GC comes, and the last was 20 s ago.
func atWork(f *Facts, alloc float64) {
	f.Clock.SysmonSleep = int64(time.Second)
	f.Clock.SysmonRan, f.Clock.SysmonWakes = at(19.5), at(20.5)
	f.HeapAlloc, f.AllocAt = uint64(alloc*mib), f.At
}

func TestGrowth(t *testing.T) {
	for _, c := range []struct {
		name   string
		change func(*Facts)
		grows  bool
		in     float64 // seconds from now, 0: no time
	}{
		{"idle: nothing was allocated", func(f *Facts) { f.HeapAlloc, f.AllocAt = 5*mib, f.At }, false, 0},
		{"a leak: 2.5 of 5 MiB in 20 s", func(f *Facts) { atWork(f, 7.5) }, true, 20},
		{"a fifth in 20 s", func(f *Facts) { atWork(f, 6) }, true, 80},
		{"so slow that it is forced before", func(f *Facts) { atWork(f, 5.5) }, false, 0},
		{"slow now, but GCs come each 15 s", func(f *Facts) {
			atWork(f, 5.5)
			f.Up, f.Stats.NumGC = 15*100*time.Second, 100
		}, true, 0},
		{"GCs came each 5 s once: that is over", func(f *Facts) {
			atWork(f, 5.5)
			f.Up, f.Stats.NumGC = 5*100*time.Second, 100
		}, false, 0},
		{"a look between: the heap is as of the full one", func(f *Facts) {
			f.At = at(30)
			atWork(f, 7.5)
			f.AllocAt = at(20)
		}, true, 10},
		{"a burst has ended: it sleeps deeply", func(f *Facts) { f.HeapAlloc, f.AllocAt = 8*mib, f.At }, false, 0},
		{"it rests between two requests, as so often", func(f *Facts) {
			f.HeapAlloc, f.AllocAt = 8*mib, f.At
			f.Up, f.Stats.NumGC = 30*100*time.Second, 100
		}, true, 20.0 * 2 / 3},
		{"a young program that had some at once", func(f *Facts) {
			atWork(f, 5.5)
			f.Up, f.Stats.NumGC = 21*time.Second, 10
		}, false, 0},
		{"idle since a GC, after GCs that were near", func(f *Facts) {
			f.HeapAlloc, f.AllocAt = 5*mib, f.At
			f.Up, f.Stats.NumGC = 30*100*time.Second, 100
		}, false, 0},
		{"a moment after a GC, on its way to rest", func(f *Facts) {
			atWork(f, 5.01)
			f.Stats.LastGC = at(19.998)
		}, false, 0},
		{"GOGC is off", func(f *Facts) {
			atWork(f, 7.5)
			f.Stats.GCPercent = -1
		}, false, 0},
		{"no GC yet", func(f *Facts) {
			atWork(f, 7.5)
			f.Stats.NumGC, f.Stats.LastGC = 0, 0
		}, false, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := seed()
			c.change(f)
			when, grows := f.growth()
			in := 0.0
			if when != 0 {
				in = when.Sub(f.At).Seconds()
			}
			if grows != c.grows || math.Abs(in-c.in) > 0.01 {
				t.Errorf("%v, in %.1f s; want %v, in %.1f s", grows, in, c.grows, c.in)
			}
			if next := Next(f); next != nil && next.ByGrowth && (next.When.Known() || next.Sooner.Known() || next.GC.Known()) {
				t.Errorf("a window, though the heap grows: %+v", next)
			}
		})
	}
}

// What the program may fill until its GC is not foretold to go; with a GC each
// second nothing is.
func TestNextOfAGrowingHeap(t *testing.T) {
	f := seed()
	atWork(f, 7.5)
	if got := Next(f); got == nil || got.Stage != NextGC || !got.ByGrowth || got.GrowsAt != at(40) || math.Abs(float64(got.Bytes)/mib-(seedBytes-2.5)) > 0.05 {
		t.Errorf("%+v, want %.1f MiB at 40 s", got, seedBytes-2.5)
	}
	f.Stats.LastGC, f.Up, f.Stats.NumGC = at(19.5), 80*time.Second, 78
	if got := Next(f); got != nil {
		t.Errorf("%+v of a program with a GC each second", got)
	}
	f = seed()
	atWork(f, 9)
	f.Pages.Next = mem.Amount{}
	if got := Next(f); got == nil || got.Stage != Garbage || !got.ByGrowth || got.GrowsAt != at(25) || strings.Contains(got.Why, "force") {
		t.Errorf("%+v, want garbage at 25 s, and nothing forced", got)
	}
}

// GOGC off and no limit: no size is named that no heap has.
func TestNoGCByItself(t *testing.T) {
	f := seed()
	f.Stats.NumGC, f.Stats.LastGC, f.Stats.GCPercent, f.Stats.NextGC, f.HeapAlloc = 0, 0, -1, 1<<62, 12*mib
	f.Pages.Next = mem.Amount{}
	got := Next(f)
	if got == nil || got.GC.Known() || got.ByGrowth || got.Why != "no GC has run yet, and none comes by itself: GOGC is off and there is no memory limit; only the program can ask for one" {
		t.Errorf("%+v", got)
	}
}
