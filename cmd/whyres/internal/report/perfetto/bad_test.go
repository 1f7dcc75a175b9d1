package perfetto

import (
	"bytes"
	"errors"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"whyres/collector/mem"
)

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
