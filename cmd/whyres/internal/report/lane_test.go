package report

import (
	"testing"

	"whyres/collector/mem"
)

func TestLanes(t *testing.T) {
	for want, events := range map[Lane][]mem.Event{
		LaneReturned: {
			{Call: mem.Madvise, Advice: "MADV_DONTNEED"},
			{Call: mem.Madvise, Advice: "MADV_DONTNEED", Errno: "ENOMEM"}, // met a hole, released the rest
			{Call: mem.Munmap},
		},
		LaneOffered: {{Call: mem.Madvise, Advice: "MADV_FREE"}},
		LaneMapped:  {{Call: mem.Mmap}, {Call: mem.Mremap}, {Call: mem.Brk}},
		LaneRefused: {
			{Call: mem.Madvise, Advice: "MADV_DONTNEED", Errno: "EINVAL"},
			{Call: mem.Mmap, Errno: "ENOMEM"},
			{Call: mem.Munmap, Errno: "EINVAL"},
		},
		LaneOther: {
			{Call: mem.Madvise, Advice: "MADV_NOHUGEPAGE"},
			{Call: mem.PrctlSetVMA},
			{Call: mem.Madvise, Advice: "MADV_DONTNEED", Errno: "unknown", Notes: []string{mem.NoteNoReturn}},
		},
	} {
		for i := range events {
			if got := laneOf(&events[i]); got != want {
				t.Errorf("%+v: %s, want %s", events[i], got, want)
			}
		}
	}
}

// What happened to the target is in its lane, with its number; what happened to others
// is counted, and said.
func TestGathererMarks(t *testing.T) {
	grew := int64(2 << 20)
	g := NewGatherer(1)
	for _, f := range []mem.Frame{
		{At: 10, Header: &mem.Header{Mono: 10, Process: mem.Process{PID: 1}}},
		{At: 20, Mark: &mem.Mark{At: 20, Kind: mem.MarkGC, PID: 1, First: 3, NumGC: 5, Why: "heap goal"}},
		{At: 30, Mark: &mem.Mark{At: 30, Kind: mem.MarkCollapse, PID: 1, Grew: &grew}},
		{At: 40, Lost: &mem.Lost{At: 40, Total: 7, New: 7, Reasons: map[string]uint64{"ring full": 5, "table full": 2}}},
		{At: 50, Mark: &mem.Mark{At: 50, Kind: mem.MarkExec, PID: 1, Comm: "b"}},
		{At: 60, Mark: &mem.Mark{At: 60, Kind: mem.MarkGC, PID: 2, NumGC: 1}},
		{At: 70, Event: &mem.Event{At: 70, PID: 2, Call: mem.Mmap}},
	} {
		if err := g.Frame(f); err != nil {
			t.Fatal(err)
		}
	}
	g.groups.finish()
	want := []struct {
		kind Kind
		Group
	}{
		{Kind{Lane: LaneGC, Note: "heap goal"}, Group{From: 10, To: 10, Calls: 3, First: 3, Last: 5}},
		{Kind{Lane: LaneHuge}, Group{From: 20, To: 20, Calls: 1, Left: -grew}},
		{Kind{Lane: LaneLost, Note: "ring full"}, Group{From: 30, To: 30, Calls: 7}},
		{Kind{Lane: LaneProcess, Note: "exec: b"}, Group{From: 40, To: 40, Calls: 1}},
	}
	if len(g.groups.list) != len(want) || g.others != 1 {
		t.Fatalf("%d marks, %d calls of others: %+v", len(g.groups.list), g.others, g.groups.list)
	}
	for i, w := range want {
		got := g.groups.list[i]
		if kind := g.groups.kinds[got.Kind]; kind != w.kind {
			t.Errorf("mark %d is %+v, want %+v", i, kind, w.kind)
		}
		w.Kind = got.Kind
		if got != w.Group {
			t.Errorf("mark %d: %+v, want %+v", i, got, w.Group)
		}
	}
}
