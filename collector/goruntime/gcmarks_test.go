package goruntime

import (
	"reflect"
	"testing"

	"whyres/collector/mem"
)

// ringOf builds what the runtime would hold after GCs that ended at the given
// seconds, on a monotonic clock 1000 s behind the wall clock.
func ringOf(forced uint32, seconds ...int64) *gcRing {
	r := &gcRing{numGC: uint32(len(seconds)), forced: forced, gcPercent: 100}
	for i, s := range seconds {
		r.pauseEnd[i%ringSize] = (s + 1000) * 1e9
		r.lastMono, r.lastUnix = s*1e9, (s+1000)*1e9
	}
	return r
}

func gc(n uint32, second int64, why string) mem.Mark {
	return mem.Mark{At: mem.Instant(second * 1e9), Kind: mem.MarkGC, NumGC: n, Why: why}
}

func TestGCMarks(t *testing.T) {
	off := ringOf(0, 5, 200)
	off.gcPercent = -1
	for _, tt := range []struct {
		name  string
		ring  *gcRing
		since GCSeen
		want  []mem.Mark
	}{
		{"no GC yet", ringOf(0), GCSeen{}, nil},
		{"nothing new", ringOf(0, 5), GCSeen{NumGC: 1}, nil},
		{"NumGC went back", ringOf(0, 5), GCSeen{NumGC: 9}, nil},
		{"first GC of a process is not idle", ringOf(0, 500), GCSeen{}, []mem.Mark{gc(1, 500, WhyHeapGoal)}},
		{
			"heap goal, then idle", ringOf(0, 5, 6, 126),
			GCSeen{NumGC: 1, Last: 5e9},
			[]mem.Mark{gc(2, 6, WhyHeapGoal), gc(3, 126, WhyIdle)},
		},
		{
			"idle against the GC before this look", ringOf(0, 5, 138),
			GCSeen{NumGC: 1, Last: 5e9},
			[]mem.Mark{gc(2, 138, WhyIdle)},
		},
		{"end of the GC before unknown", ringOf(0, 5, 200), GCSeen{NumGC: 1}, []mem.Mark{gc(2, 200, WhyUnknown)}},
		{"GOGC=off has no idle GC", off, GCSeen{NumGC: 1, Last: 5e9}, []mem.Mark{gc(2, 200, WhyHeapGoal)}},
		{
			"all forced", ringOf(3, 5, 6, 300),
			GCSeen{NumGC: 1, NumForcedGC: 1, Last: 5e9},
			[]mem.Mark{gc(2, 6, WhyAskedFor), gc(3, 300, WhyAskedFor)},
		},
		{
			"one of two forced", ringOf(1, 5, 6),
			GCSeen{},
			[]mem.Mark{gc(1, 5, WhyUnknown), gc(2, 6, WhyUnknown)},
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := tt.ring.marks(tt.since); !reflect.DeepEqual(got, tt.want) {
				t.Errorf("marks:\n got %+v\nwant %+v", got, tt.want)
			}
		})
	}
}

// TestGCMarksOlderThanTheRing: 300 GCs, one a second, since GC 10. The ring
// holds the ends of 45..300.
func TestGCMarksOlderThanTheRing(t *testing.T) {
	var seconds []int64
	for s := range int64(300) {
		seconds = append(seconds, s+1)
	}
	got := ringOf(0, seconds...).marks(GCSeen{NumGC: 10, Last: 10e9})
	merged := gc(45, 45, WhyUnknown)
	merged.First = 11
	if got[0] != merged {
		t.Errorf("first mark %+v, want %+v", got[0], merged)
	}
	if got[1] != gc(46, 46, WhyHeapGoal) || got[len(got)-1] != gc(300, 300, WhyHeapGoal) || len(got) != 256 {
		t.Errorf("%d marks, second %+v, last %+v", len(got), got[1], got[len(got)-1])
	}
}

func TestRingBeingWrittenIsNotSettled(t *testing.T) {
	r := ringOf(0, 5, 6)
	if !r.settled() {
		t.Error("a ring at rest must be settled")
	}
	r.lastUnix++
	if r.settled() {
		t.Error("the pair of clocks is of another GC than the last counted one")
	}
}
