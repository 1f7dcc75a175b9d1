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
		{"GOGC is off: it may fill any memory", with(gogcIs(-1), func(f *Facts) { f.Sample.MemStats.NextGC = 1 << 63 }, pace(0, 3*time.Minute)), noBound},
		{"GOGC is off, with a limit: no GC is forced", with(gogcIs(-1), pace(0, 3*time.Minute)), 60 * oneMiB},
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
		{"a GC each second beside the forced ones", func(f *Facts) { f.Sample.MemStats.NumGC = 3600 }, time.Second},
		{"a day with as many by growth as by force", func(f *Facts) { f.Up, f.Sample.MemStats.NumGC = 24*time.Hour, 2*720+720 }, 40 * time.Second},
		{"all asked for by the program", func(f *Facts) { f.Sample.MemStats.NumGC, f.Sample.MemStats.NumForcedGC = 3630, 3600 }, 0},
		{"how long it runs is not known", func(f *Facts) { f.Up = 0 }, 0},
		{"a trace knows better", func(f *Facts) {
			f.Trace = &Trace{Marked: []Marked{{NumGC: 10, At: 0}, {NumGC: 12, At: mem.Instant(10 * time.Second)}}}
		}, 10 * time.Second},
		{"the longest in a trace", func(f *Facts) {
			f.Trace = &Trace{Marked: []Marked{{NumGC: 10, At: 0}, {NumGC: 11, At: mem.Instant(30 * time.Second)}, {NumGC: 12, At: mem.Instant(31 * time.Second)}}}
		}, 30 * time.Second},
		{"forced ones in a trace", func(f *Facts) {
			f.Trace = &Trace{Marked: []Marked{{NumGC: 10, At: 0}, {NumGC: 11, At: mem.Instant(130 * time.Second)}}}
		}, 0},
	} {
		if got := goFacts(c.change).betweenGCs(); got != c.want {
			t.Errorf("%s: %v, want %v", c.name, got, c.want)
		}
	}
}

func TestSettled(t *testing.T) {
	// The last GC, which has number 31, was 20 s ago; bursts come each 30 s.
	seen := func(d time.Duration, marked ...Marked) func(*Facts) {
		return with(lastGCAgo(20*time.Second), func(f *Facts) {
			for i := range marked {
				marked[i].At = f.Sample.At.Add(time.Duration(marked[i].At))
			}
			f.Trace = &Trace{Duration: d, Marked: marked}
		})
	}
	ago := func(n uint32, d time.Duration) Marked { return Marked{NumGC: n, At: mem.Instant(-d)} }
	for _, c := range []struct {
		name   string
		change func(*Facts)
		want   bool
	}{
		{"one look a minute after a GC", nil, false},
		{"one look, and a GC is due", lastGCAgo(2 * time.Minute), true},
		{"one look, and GOGC is off", with(gogcIs(-1), lastGCAgo(2*time.Minute)), false},
		{"the last GC was forced by time", seen(150*time.Second, ago(30, 141*time.Second), ago(31, 19*time.Second)), true},
		{"two GCs since", seen(150*time.Second, ago(29, 141*time.Second), ago(31, 19*time.Second)), false},
		{"a short trace of a burst", seen(30*time.Second, ago(29, 21*time.Second), ago(30, 20*time.Second), ago(31, 19*time.Second)), false},
		{"a trace of bursts", seen(150*time.Second, ago(29, 51*time.Second), ago(30, 20*time.Second), ago(31, 19*time.Second)), false},
		{"a long trace without any gap like that", seen(150*time.Second, ago(29, 23*time.Second), ago(30, 21*time.Second), ago(31, 19*time.Second)), true},
	} {
		if got := goFacts(c.change).settled(); got != c.want {
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
