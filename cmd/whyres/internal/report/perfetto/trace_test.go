package perfetto

import (
	"bytes"
	"errors"
	"io"
	"maps"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"whyres/collector/explain"
	"whyres/collector/mem"
	"whyres/collector/record"
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
		{At: 4100, Sample: &mem.Sample{At: 4100, PID: 42, RSS: rss(12, 4), MemStats: &mem.MemStats{HeapInuse: 4 * mib, HeapIdle: 10 * mib, HeapReleased: 8 * mib, NextGC: math.MaxUint64, StackInuse: 2 * mib}}},
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

// TestRecordings: of recordings of real processes every call and GC is there, and
// the sums are those that the verdict's own code comes to.
func TestRecordings(t *testing.T) {
	files, err := filepath.Glob("../../../testdata/recordings/*.whyres*")
	if err != nil || len(files) == 0 {
		t.Fatal("no recordings", err)
	}
	root := schema(t)
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			frames, verdict := recorded(t, file)
			v := view(t, root, traced(t, frames))
			events, gcs, last := 0, 0, reading{}
			see := func(at mem.Instant, res int64) {
				if res > 0 && uint64(at) >= last.at {
					last = reading{uint64(at), res}
				}
			}
			for _, f := range frames {
				switch {
				case f.Event != nil:
					events++
					see(f.Event.End(), f.Event.After.Total())
				case f.Mark != nil && f.Mark.Kind == mem.MarkGC:
					gcs++
				case f.Sample != nil:
					see(f.Sample.At, f.Sample.RSS.Total())
				}
			}
			var asked, left int64
			for _, c := range v.calls() {
				if c.category == "release" {
					asked += int64(c.args["asked"].(uint64))
					left += c.args["left_res"].(int64)
				}
			}
			if r := verdict.Releases; asked != int64(r.Asked) || left != r.Attributed || asked == 0 {
				t.Errorf("asked %d, left %d; want %d, %d", asked, left, r.Asked, r.Attributed)
			}
			if got := len(v.calls()); got != events || events == 0 {
				t.Errorf("%d calls of %d", got, events)
			}
			pid := int64(frames[0].Header.Process.PID)
			if got := len(v.under(t, pid, "GC").events); got != gcs || gcs == 0 {
				t.Errorf("%d GCs of %d", got, gcs)
			}
			if got := v.under(t, pid, "RES").readings; got[len(got)-1] != last {
				t.Errorf("the last RES is %v, want %v", got[len(got)-1], last)
			}
		})
	}
}

func recorded(t testing.TB, path string) ([]mem.Frame, explain.Verdict) {
	t.Helper()
	in, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = in.Close() }()
	r, err := record.NewReader(in)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	var frames []mem.Frame
	sums := explain.NewAccumulator()
	for {
		f, err := r.Next()
		if errors.Is(err, io.EOF) {
			return frames, sums.Verdict()
		}
		if err != nil {
			t.Fatal(err)
		}
		frames = append(frames, f)
		sums.Observe(f)
	}
}

// TestOverlap: calls of one thread that overlap are damage; none of them may end
// another's slice.
func TestOverlap(t *testing.T) {
	at := func(at mem.Instant, dur int64) mem.Frame {
		return frameOf(mem.Event{At: at, Dur: dur, PID: 42, TID: 42, Call: mem.Brk})
	}
	events := viewOf(t, []mem.Frame{header(), at(100, 10), at(105, 20), at(50, 200), at(110, 0), at(-7, 3), at(300, -5), at(math.MaxInt64, 9), at(400, 1)}).thread(t, 42).events
	if len(events) != 8 {
		t.Errorf("%d of 8 calls", len(events))
	}
	var got []string
	for _, e := range events {
		if !e.instant {
			got = append(got, strconv.FormatUint(e.begin, 10)+"+"+strconv.FormatUint(e.end-e.begin, 10))
		}
	}
	if want := []string{"100+10", "110+0", "400+1"}; !slices.Equal(got, want) {
		t.Errorf("slices %q, want %q", got, want)
	}
}

func TestEmpty(t *testing.T) {
	for name, frames := range map[string][]mem.Frame{
		"nothing": nil, "a header": {header()}, "an empty frame": {{}},
		"no header": handBuilt()[1:], "no Go": {header(), {At: 5, Sample: &mem.Sample{At: 5, PID: 42, RSS: rss(1, 1)}}},
		"a loss": {{Lost: &mem.Lost{New: 1}}}, "two headers": {header(), header()},
	} {
		t.Run(name, func(t *testing.T) { viewOf(t, frames) })
	}
}

// TestHostile: numbers at their limits and names that are no text stay bounded, and
// the schema's.
func TestHostile(t *testing.T) {
	long := strings.Repeat("x", mib)
	frames := []mem.Frame{{Header: &mem.Header{
		Time: time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC), Mono: -5, Missing: []string{long, "\xff"},
		Host: mem.Host{Kernel: "\xff", Build: long}, Process: mem.Process{PID: -1, Comm: "\x1b[31m\xff", Exe: long, GoVersion: "\xff"},
	}}}
	n := 0
	for _, name := range []string{"\x1b[31m\xff\x00", long, "", "\u2028"} {
		for _, pid := range []int{-1, 0, math.MaxInt64} {
			e := &mem.Event{
				At: math.MinInt64, Dur: math.MinInt64, PID: pid, TID: pid, Call: mem.Call(name), Advice: "MADV_DONTNEED", Len: math.MaxUint64,
				Attributed: math.MinInt64, Who: mem.Who(name), Errno: name, Stack: []string{name, name}, Notes: []string{name},
				Before: mem.RSS{Anon: math.MaxInt64}, After: mem.RSS{Anon: math.MinInt64, File: 5}, Go: mem.GoCounters{HeapInuse: math.MaxUint64},
			}
			k := &mem.Mark{At: math.MinInt64, Kind: mem.MarkKind(name), PID: pid, Why: name, Comm: name, RSS: e.Before}
			s := &mem.Sample{At: math.MaxInt64, PID: pid, RSS: e.Before, MemStats: &mem.MemStats{HeapInuse: math.MaxUint64}}
			l := &mem.Lost{At: -1, New: math.MaxUint64, Reasons: map[string]uint64{name: math.MaxUint64}}
			frames = append(frames, mem.Frame{Event: e}, mem.Frame{Mark: k}, mem.Frame{Sample: s}, mem.Frame{Lost: l})
			n++
		}
	}
	file := traced(t, frames)
	if len(file) > 256<<10 {
		t.Errorf("%d bytes", len(file))
	}
	if got := len(view(t, schema(t), file).calls()); got != n {
		t.Errorf("%d calls of %d", got, n)
	}
}

// TestManyNames: with more names, processes and threads than are kept, nothing is
// lost and nothing grows.
func TestManyNames(t *testing.T) {
	frames := []mem.Frame{header()}
	const n = 2000
	for i := range n {
		frames = append(frames, frameOf(mem.Event{At: mem.Instant(2000 + i), PID: 42 + i, TID: 42 + i, Call: mem.Brk, Stack: []string{strconv.Itoa(i) + strings.Repeat("x", 40<<10)}}))
	}
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
	if x.text > maxText || len(x.processes) != maxProcesses {
		t.Errorf("%d bytes of names, %d processes are kept", x.text, len(x.processes))
	}
	v := view(t, schema(t), out.Bytes())
	stacks := map[any]bool{}
	for _, c := range v.calls() {
		stacks[c.args["stack"]] = true
	}
	if len(v.calls()) != n || len(stacks) != n {
		t.Errorf("%d calls with %d stacks of %d", len(v.calls()), len(stacks), n)
	}
}

type full struct{ error }

func (f full) Write([]byte) (int, error) { return 0, f }

// TestWriter: a writer's error is told, and ends it.
func TestWriter(t *testing.T) {
	problem := full{errors.New("no room")}
	x := New(problem)
	for range 5000 {
		for _, f := range handBuilt() {
			_ = x.Observe(f)
		}
	}
	if err := x.Observe(header()); !errors.Is(err, problem) {
		t.Error(err)
	}
	if err := x.Close(); !errors.Is(err, problem) {
		t.Error(err)
	}
}

// TestFast: 200,000 events in less than 2 s.
func TestFast(t *testing.T) {
	x := New(io.Discard)
	if err := x.Observe(header()); err != nil {
		t.Fatal(err)
	}
	e := *handBuilt()[2].Event
	begun := time.Now()
	for range 200_000 {
		e.At += 20
		if err := x.Observe(frameOf(e)); err != nil {
			t.Fatal(err)
		}
	}
	if err := x.Close(); err != nil {
		t.Fatal(err)
	}
	if took := time.Since(begun); took > 2*time.Second && !underRace {
		t.Errorf("took %v", took)
	}
}

func FuzzTrace(f *testing.F) {
	f.Add("main.f", "MADV_DONTNEED", "gc", uint64(4096), int64(-4096), 42)
	f.Add("\xff\x1b[31m\u2028", "\"", "exec", uint64(math.MaxUint64), int64(math.MinInt64), -1)
	root := schema(f)
	f.Fuzz(func(t *testing.T, name, advice, kind string, size uint64, n int64, pid int) {
		e := mem.Event{
			At: mem.Instant(n), Dur: n, PID: pid, TID: int(n), Call: mem.Call(name), Advice: advice, Errno: kind, Len: size, Attributed: n,
			Stack: []string{name, advice}, Who: mem.Who(kind), Before: mem.RSS{Anon: n}, After: mem.RSS{File: n}, Notes: []string{kind},
		}
		k := &mem.Mark{At: mem.Instant(n), Kind: mem.MarkKind(kind), PID: pid, Why: name, Comm: advice, NumGC: uint32(size), First: uint32(n), Grew: &n}
		s := &mem.Sample{At: mem.Instant(n), PID: pid, RSS: mem.RSS{Anon: n}, MemStats: &mem.MemStats{NextGC: size}}
		frames := append(handBuilt(), mem.Frame{Mark: k}, mem.Frame{Event: &e}, mem.Frame{Sample: s}, mem.Frame{Event: &e})
		want := 2
		for _, f := range handBuilt() {
			if f.Event != nil {
				want++
			}
		}
		if got := len(view(t, root, traced(t, frames)).calls()); got != want {
			t.Errorf("%d calls of %d", got, want)
		}
	})
}
