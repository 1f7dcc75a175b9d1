package perfetto

import (
	"bytes"
	"maps"
	"math"
	"slices"
	"strconv"
	"testing"
	"time"

	"whyres/collector/explain"
	"whyres/collector/mem"
)

const mib = 1 << 20

func rss(anon, file int64) mem.RSS { return mem.RSS{Anon: anon * mib, File: file * mib, Shmem: mib} }

func frameOf(e mem.Event) mem.Frame { return mem.Frame{At: e.End(), Event: &e} }

func header() mem.Frame {
	return mem.Frame{At: 1000, Header: &mem.Header{
		Schema: mem.Schema, Tool: "test", Time: time.Unix(1700000000, 5), Mono: 1000, Attach: "raw_tracepoint",
		Host:    mem.Host{Kernel: "6.18.44", Build: "#1 SMP", Arch: "x86_64", PageSize: 4096, CPUs: 2, THP: "madvise"},
		Process: mem.Process{PID: 42, Comm: "server", Exe: "/usr/bin/server", GoVersion: "go1.26.8"},
		Missing: []string{"this", "and that"},
	}}
}

// noGoal is about what a Go program with GOGC=off reports as NextGC: the largest
// memory limit less 3 % of headroom (runtime.gcController.memoryLimitHeapGoal).
const noGoal = math.MaxInt64 / 100 * 97

// handBuilt holds one of everything.
func handBuilt() []mem.Frame {
	freed, grew := int64(2*mib), int64(mib/2)
	free := []string{"runtime.madvise", "runtime.bgscavenge"}
	return []mem.Frame{
		header(),
		{At: 1100, Sample: &mem.Sample{At: 1100, Dur: 50, PID: 42, RSS: rss(20, 4), RSSSource: "smaps_rollup", MemStats: &mem.MemStats{
			Source: "memory", HeapInuse: 5 * mib, HeapIdle: 9 * mib, HeapReleased: 3 * mib, NextGC: 7 * mib, StackInuse: mib,
		}}},
		frameOf(mem.Event{
			At: 2000, Dur: 10, PID: 42, TID: 43, Call: mem.Madvise, Advice: "MADV_DONTNEED", Addr: 0xc000000000, Len: 4 * mib, Attributed: -3 * mib,
			Before: rss(20, 4), After: rss(17, 4), Who: mem.WhoBackground, Stack: free, ToAllocator: &freed,
			Go: mem.GoCounters{HeapInuse: 5 * mib, HeapReleased: 3 * mib, HeapFree: 6 * mib},
		}),
		frameOf(mem.Event{
			At: 2010, Dur: 20, PID: 42, TID: 43, Call: mem.Madvise, Advice: "MADV_DONTNEED", Len: 2 * mib, Attributed: -2 * mib,
			Before: rss(17, 4), After: rss(15, 4), Who: mem.WhoBackground, Stack: free,
		}),
		frameOf(mem.Event{At: 2005, Dur: 40, PID: 42, TID: 42, Call: mem.Mmap, Addr: 0, Len: 64 * mib, Ret: 0x7f0000000000, Before: rss(19, 4), After: rss(15, 4), Who: mem.WhoGrowth}),
		frameOf(mem.Event{At: 3000, PID: 42, TID: 44, Call: mem.Munmap, Len: mib, Attributed: -mib, Before: rss(14, 4), After: rss(14, 4), Notes: []string{mem.NoteNoEntry}}),
		frameOf(mem.Event{At: 3100, Dur: 99, PID: 42, TID: 44, Call: mem.Madvise, Advice: "MADV_FREE", Len: mib, Ret: -1, Errno: "unknown", Before: rss(14, 4), After: rss(1, 1), Notes: []string{mem.NoteNoReturn}}),
		frameOf(mem.Event{At: 3300, Dur: 5, PID: 42, TID: 44, Call: mem.Madvise, Advice: "MADV_DONTNEED", Len: mib, Ret: -1, Errno: "EINVAL", Notes: []string{mem.NoteRSSUnknown, mem.NoteStackCut}}),
		{At: 3400, Mark: &mem.Mark{At: 3400, Kind: mem.MarkGC, PID: 42, NumGC: 4, Why: "heap goal"}},
		{At: 3500, Mark: &mem.Mark{At: 3500, Kind: mem.MarkGC, PID: 42, First: 5, NumGC: 7, Why: "unknown"}},
		{At: 3600, Mark: &mem.Mark{At: 3600, Kind: mem.MarkCollapse, PID: 42, Grew: &grew, RSS: rss(16, 4)}},
		{At: 3700, Mark: &mem.Mark{At: 3700, Kind: mem.MarkFork, PID: 42, Child: 99, RSS: rss(16, 4)}},
		frameOf(mem.Event{At: 3800, Dur: 1, PID: 99, TID: 99, Call: mem.Brk, Ret: 0x555, Before: rss(1, 1), After: rss(2, 1)}),
		{At: 3900, Mark: &mem.Mark{At: 3900, Kind: mem.MarkExec, PID: 99, Comm: "child"}},
		{At: 3950, Mark: &mem.Mark{At: 3950, Kind: mem.MarkExit, PID: 99, Signal: 9}},
		{At: 4000, Lost: &mem.Lost{At: 4000, Total: 5, New: 3, Reasons: map[string]uint64{"ring full": 2, "table full": 1}}},
		{At: 4100, Sample: &mem.Sample{At: 4100, PID: 42, RSS: rss(12, 4), MemStats: &mem.MemStats{HeapInuse: 4 * mib, HeapIdle: 10 * mib, HeapReleased: 8 * mib, NextGC: noGoal, StackInuse: 2 * mib}}},
		{At: 4200, Mark: &mem.Mark{At: 4200, Kind: mem.MarkEnd, PID: 42, Why: "time is up"}},
	}
}

func traced(t testing.TB, frames []mem.Frame) []byte {
	t.Helper()
	var out bytes.Buffer
	x := New(&out)
	for _, f := range frames {
		if err := x.Observe(f); err != nil {
			t.Fatal(err)
		}
	}
	if err := x.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func viewOf(t testing.TB, frames []mem.Frame) *viewer {
	t.Helper()
	return view(t, schema(t), traced(t, frames))
}

func TestClocks(t *testing.T) {
	v := viewOf(t, handBuilt())
	if want := map[uint64]uint64{3: 1000, 1: 1700000000000000005}; !maps.Equal(v.clocks, want) {
		t.Errorf("clocks %v, want %v", v.clocks, want)
	}
	if v.primary != 3 || v.release != "6.18.44" {
		t.Errorf("primary clock %d, kernel %q", v.primary, v.release)
	}
}

func TestProcesses(t *testing.T) {
	v := viewOf(t, handBuilt())
	target, child := v.process(t, 42), v.process(t, 99)
	if target.process != "server" || !slices.Equal(target.labels, []string{"/usr/bin/server", "go1.26.8"}) {
		t.Errorf("%q %q", target.process, target.labels)
	}
	if child.process != "child" {
		t.Errorf("the child is %q", child.process)
	}
	for _, tid := range []int64{42, 43, 44} {
		if v.thread(t, tid).pid != 42 {
			t.Errorf("thread %d is not the target's", tid)
		}
	}
}

func TestSlices(t *testing.T) {
	v := viewOf(t, handBuilt())
	events := v.thread(t, 43).events
	if len(events) != 2 {
		t.Fatalf("%d slices", len(events))
	}
	first := events[0]
	if first.name != "madvise DONTNEED" || first.category != "release" || first.begin != 2000 || first.end != 2010 || first.instant {
		t.Errorf("%+v", first)
	}
	want := map[string]any{
		"asked": uint64(4 * mib), "left_res": int64(3 * mib), "who": "background", "addr": uint64(0xc000000000),
		"to_allocator": int64(2 * mib), "stack": "runtime.madvise < runtime.bgscavenge",
	}
	if !maps.EqualFunc(first.args, want, func(a, b any) bool { return a == b }) {
		t.Errorf("%v, want %v", first.args, want)
	}
	if root := []string{"runtime.bgscavenge", "runtime.madvise"}; !slices.Equal(first.stack, root) || first.weight != 3*mib {
		t.Errorf("callstack %q, %v", first.stack, first.weight)
	}
	if second := events[1]; second.begin != 2010 || second.end != 2030 || second.args["stack"] != want["stack"] {
		t.Errorf("%+v", second)
	}
	if m := v.thread(t, 42).events[0]; m.name != "mmap" || m.category != "map" || m.begin != 2005 || m.end != 2045 || m.args["ret"] != uint64(0x7f0000000000) {
		t.Errorf("%+v", m)
	}
}

// TestHalfSeen: a call that was not seen entering or returning has no duration.
func TestHalfSeen(t *testing.T) {
	events := viewOf(t, handBuilt()).thread(t, 44).events
	if len(events) != 3 {
		t.Fatalf("%d events", len(events))
	}
	entry, ret, failed := events[0], events[1], events[2]
	if !entry.instant || entry.begin != 3000 || !slices.Equal(entry.args["notes"].([]string), []string{"no-entry"}) {
		t.Errorf("%+v", entry)
	}
	if !ret.instant || ret.begin != 3100 || ret.args["at_most_ns"] != int64(99) || ret.args["errno"] != "unknown" {
		t.Errorf("%+v", ret)
	}
	if _, told := failed.args["left_res"]; failed.instant || failed.args["errno"] != "EINVAL" || told {
		t.Errorf("%+v", failed)
	}
}

// TestCounters: every reading is there, in order of time, and nothing that was not
// read.
func TestCounters(t *testing.T) {
	v := viewOf(t, handBuilt())
	for name, want := range map[string][]reading{
		"RES": {
			{1100, 25}, {2000, 25}, {2005, 24}, {2010, 22}, {2010, 22}, {2030, 20}, {2045, 20}, {3000, 19}, {3600, 21}, {3700, 21}, {4100, 17},
		},
		"RES anon":     {{1100, 20}, {2000, 20}, {2005, 19}, {2010, 17}, {2010, 17}, {2030, 15}, {2045, 15}, {3000, 14}, {3600, 16}, {3700, 16}, {4100, 12}},
		"HeapInuse":    {{1100, 5}, {2010, 5}, {4100, 4}},
		"HeapIdle":     {{1100, 9}, {2010, 9}, {4100, 10}},
		"HeapReleased": {{1100, 3}, {2010, 3}, {4100, 8}},
		"NextGC":       {{1100, 7}},
		"StackInuse":   {{1100, 1}, {4100, 2}},
	} {
		got := v.under(t, 42, name).readings
		for i := range want {
			want[i].v *= mib
		}
		if !slices.Equal(got, want) {
			t.Errorf("%s: %v, want %v", name, got, want)
		}
	}
	if got, want := v.under(t, 99, "RES").readings, []reading{{3800, 3 * mib}, {3801, 4 * mib}}; !slices.Equal(got, want) {
		t.Errorf("the child's RES: %v, want %v", got, want)
	}
}

func TestMarks(t *testing.T) {
	v := viewOf(t, handBuilt())
	titles := func(track *viewed) (out []string) {
		for _, e := range track.events {
			out = append(out, strconv.FormatUint(e.begin, 10)+" "+e.name)
		}
		return out
	}
	for _, c := range []struct {
		track *viewed
		want  []string
	}{
		{v.under(t, 42, "GC"), []string{"3400 GC 4: heap goal", "3500 GC 5-7: unknown"}},
		{v.under(t, 42, "huge pages"), []string{"3600 khugepaged made a huge page"}},
		{v.under(t, 42, "lost events"), []string{"4000 events lost: 3"}},
		{v.process(t, 42), []string{"1000 trace begins", "3700 forked 99", "4200 trace ends: time is up"}},
		{v.process(t, 99), []string{"3900 exec child", "3950 killed by signal 9"}},
	} {
		if got := titles(c.track); !slices.Equal(got, c.want) {
			t.Errorf("%q, want %q", got, c.want)
		}
	}
	lost := v.under(t, 42, "lost events").events[0].args
	if lost["total"] != uint64(5) || !slices.Equal(lost["reasons"].([]string), []string{"ring full: 2", "table full: 1"}) {
		t.Errorf("lost: %v", lost)
	}
	if grew := v.under(t, 42, "huge pages").events[0].args["res_grew"]; grew != int64(mib/2) {
		t.Errorf("grew %v", grew)
	}
}

// TestDamage: what could not be read of the recording is marked where it is missing;
// however much it is, the marks are few and count all.
func TestDamage(t *testing.T) {
	var out bytes.Buffer
	x := New(&out)
	frames := handBuilt()
	for i, f := range frames {
		if err := x.Observe(f); err != nil {
			t.Fatal(err)
		}
		if i == 1 {
			x.Damaged(3, false)
		}
	}
	for line := range 5000 {
		x.Damaged(100+line, false)
	}
	x.Damaged(6000, true)
	if err := x.Close(); err != nil {
		t.Fatal(err)
	}
	events := view(t, schema(t), out.Bytes()).under(t, 42, "recording damaged").events
	if len(events) != 1002 {
		t.Fatalf("%d marks", len(events))
	}
	first, cut, all := events[0], events[1000], events[1001]
	if first.begin != 1100 || first.args["line"] != int64(3) {
		t.Errorf("%+v", first)
	}
	if cut.begin != 4200 || cut.name != "recording cut short: what came after is missing" || cut.args["line"] != int64(6000) {
		t.Errorf("%+v", cut)
	}
	if all.args["damaged_lines_in_all"] != int64(5001) {
		t.Errorf("%+v", all)
	}
}

// TestUnknownRES: where a call's RES was not read, nothing is said to have left; what a
// recording says all the same counts as in the verdict.
func TestUnknownRES(t *testing.T) {
	for _, attributed := range []int64{0, -mib} {
		frames := []mem.Frame{header(), frameOf(mem.Event{
			At: 2000, Dur: 10, PID: 42, TID: 43, Call: mem.Madvise, Advice: "MADV_DONTNEED", Len: 4 * mib, Attributed: attributed,
			Who: mem.WhoUser, Notes: []string{mem.NoteRSSUnknown},
		})}
		sums := explain.NewAccumulator()
		for _, f := range frames {
			sums.Observe(f)
		}
		left, said := viewOf(t, frames).calls()[0].args["left_res"].(int64)
		if want := sums.Verdict().Releases.Attributed; left != want || said != (attributed != 0) {
			t.Errorf("left_res %d (%v), the verdict has %d", left, said, want)
		}
	}
}
