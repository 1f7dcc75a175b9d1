package causes

import (
	"testing"
	"time"

	"whyres/collector/mem"
)

func TestRoom(t *testing.T) {
	// 44 MiB are in use, of which a tenth always is room; the pace is that since
	// the last GC.
	const tenth = 44 * oneMiB / 10
	pace := func(mib uint64, since time.Duration) func(*Facts) {
		return with(lastGCAgo(since), func(f *Facts) { f.Sample.MemStats.HeapAlloc += mib * oneMiB })
	}
	gcs := func(n uint32) func(*Facts) { return func(f *Facts) { f.Sample.MemStats.NumGC = n } }
	for _, c := range []struct {
		name   string
		change func(*Facts)
		want   int64
	}{
		{"quiet", nil, tenth},
		{"the goal is passed", pace(45, 90*time.Second), tenth},
		{"at a pace for 10 MiB in the minute that is left", pace(10, time.Minute), 10 * oneMiB},
		{"at a pace for more than the goal leaves", pace(30, time.Minute), 30 * oneMiB},
		{"a GC is due", pace(10, 3*time.Minute), tenth},
		{"in a pause: all that the goal leaves, and a quarter of it", pace(0, 9*time.Second), 60 * oneMiB},
		{"in a pause that is usual for it", with(pace(0, 11*time.Second), gcs(30+900)), 60 * oneMiB},
		{"in a pause that is not", with(pace(0, 13*time.Second), gcs(30+900)), tenth},
		{"no GC yet", noGC, 60 * oneMiB},
		{"GOGC is off", with(gogcIs(-1), func(f *Facts) { f.Sample.MemStats.NextGC = 1 << 63 }, pace(0, time.Second)), tenth},
		{"objects not walked", func(f *Facts) { f.Sample.MemStats.HeapWalked = false }, 60 * oneMiB},
	} {
		if got := goFacts(c.change).room(); got != c.want {
			t.Errorf("%s: %d, want %d", c.name, got, c.want)
		}
	}
}

func TestBetweenGCs(t *testing.T) {
	for _, c := range []struct {
		name   string
		change func(*Facts)
		want   time.Duration
	}{
		// 30 of the 31 GCs of the hour may have been forced by time.
		{"hardly any by growth", nil, 0},
		{"a GC each second beside the forced ones", func(f *Facts) { f.Sample.MemStats.NumGC = 3630 }, time.Second},
		{"all asked for by the program", func(f *Facts) { f.Sample.MemStats.NumGC, f.Sample.MemStats.NumForcedGC = 3630, 3600 }, 0},
		{"how long it runs is not known", func(f *Facts) { f.Up = 0 }, 0},
		{"a trace knows better", func(f *Facts) {
			f.Trace = &Trace{Marked: []Marked{{NumGC: 10, At: 0}, {NumGC: 12, At: mem.Instant(10 * time.Second)}}}
		}, 5 * time.Second},
		{"forced ones in a trace", func(f *Facts) {
			f.Trace = &Trace{Marked: []Marked{{NumGC: 10, At: 0}, {NumGC: 11, At: mem.Instant(130 * time.Second)}}}
		}, 0},
	} {
		if got := goFacts(c.change).betweenGCs(); got != c.want {
			t.Errorf("%s: %v, want %v", c.name, got, c.want)
		}
	}
}

func TestBeyond(t *testing.T) {
	takes := []Take{{"a", 10}, {"b", 20}}
	for _, c := range []struct{ room, a, b int64 }{{0, 10, 20}, {5, 10, 20}, {6, 4, 20}, {10, 0, 20}, {15, 0, 15}, {30, 0, 0}, {99, 0, 0}} {
		got := map[string]int64{}
		for _, take := range beyond(takes, c.room) {
			got[take.Leaf] = take.Bytes
		}
		if got["a"] != c.a || got["b"] != c.b {
			t.Errorf("room %d leaves %v, want %d and %d", c.room, got, c.a, c.b)
		}
	}
}
