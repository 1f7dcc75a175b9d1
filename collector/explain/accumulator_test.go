package explain

import (
	"encoding/json"
	"flag"
	"math"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"whyres/collector/mem"
)

const (
	kib = 1 << 10
	mib = 1 << 20
	sec = mem.Instant(time.Second)
	pid = 7
)

var update = flag.Bool("update", false, "write the golden files anew")

func header() mem.Frame {
	return mem.Frame{At: 100 * sec, Header: &mem.Header{
		Schema: mem.Schema, Time: time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC), Mono: 100 * sec,
		Host:    mem.Host{Kernel: "6.18.0", Arch: "amd64", PageSize: 4096, THP: "madvise", CPUs: 2},
		Process: mem.Process{PID: pid, Comm: "server", Exe: "/opt/server", GoVersion: "go1.26.8"},
		Attach:  "fentry",
	}}
}

// call makes an event: before and after are RES in KiB.
func call(at mem.Instant, e mem.Event, before, after int64) mem.Frame {
	e.At = at
	if e.PID == 0 {
		e.PID = pid
	}
	e.Before, e.After = mem.RSS{Anon: before * kib}, mem.RSS{Anon: after * kib}
	return mem.Frame{At: at, Event: &e}
}

// release is madvise(MADV_DONTNEED) of KiB at an address in KiB, of which so
// many KiB left RES.
func release(who mem.Who, at, length, left int64) mem.Event {
	return mem.Event{
		Call: mem.Madvise, Advice: "MADV_DONTNEED", Who: who,
		Addr: mem.Addr(at * kib), Len: uint64(length * kib), Attributed: -left * kib,
	}
}

func failed(e mem.Event, errno string) mem.Event {
	e.Ret, e.Errno = -1, errno
	return e
}

func noted(e mem.Event, note string) mem.Event {
	e.Notes = []string{note}
	return e
}

func observe(frames ...mem.Frame) Verdict {
	a := NewAccumulator()
	for _, f := range frames {
		a.Observe(f)
	}
	return a.Verdict()
}

func TestReleases(t *testing.T) {
	background := func(at, length, left int64) mem.Event { return release(mem.WhoBackground, at, length, left) }
	for _, c := range []struct {
		name   string
		frames []mem.Frame
		want   Releases // in KiB
	}{
		{"none", nil, Releases{}},
		{"one, all resident", []mem.Frame{
			call(101*sec, background(1000, 64, 64), 500, 436),
		}, Releases{Calls: 1, Asked: 64, LeftRES: 64, Attributed: 64}},
		{"one, half resident, while another thread takes more", []mem.Frame{
			call(101*sec, background(1000, 64, 32), 500, 550),
		}, Releases{Calls: 1, Asked: 64, LeftRES: 0, Attributed: 32}},
		{"twice the same, taken again in between", []mem.Frame{
			call(101*sec, background(1000, 64, 64), 500, 436),
			call(102*sec, background(1000, 64, 40), 500, 460),
		}, Releases{Calls: 2, Asked: 128, LeftRES: 104, Attributed: 104, Refaulted: 40}},
		{"twice the same, not taken again", []mem.Frame{
			call(101*sec, background(1000, 64, 64), 500, 436),
			call(102*sec, background(1000, 64, 0), 436, 436),
		}, Releases{Calls: 2, Asked: 128, LeftRES: 64, Attributed: 64}},
		{"overlapping: at most the overlap was taken again", []mem.Frame{
			call(101*sec, background(1000, 64, 64), 500, 436),
			call(102*sec, background(1032, 64, 64), 500, 436),
		}, Releases{Calls: 2, Asked: 128, LeftRES: 128, Attributed: 128, Refaulted: 32}},
		{"unmapped in between: new memory, not taken again", []mem.Frame{
			call(101*sec, background(1000, 64, 64), 500, 436),
			call(102*sec, mem.Event{Call: mem.Munmap, Addr: 1000 * kib, Len: 64 * kib}, 436, 436),
			call(103*sec, background(1000, 64, 64), 500, 436),
		}, Releases{Calls: 2, Asked: 128, LeftRES: 128, Attributed: 128}},
		{"exec in between", []mem.Frame{
			call(101*sec, background(1000, 64, 64), 500, 436),
			{At: 102 * sec, Mark: &mem.Mark{At: 102 * sec, Kind: mem.MarkExec, PID: pid}},
			call(103*sec, background(1000, 64, 64), 500, 436),
		}, Releases{Calls: 2, Asked: 128, LeftRES: 128, Attributed: 128}},
		{"refused", []mem.Frame{
			call(101*sec, failed(background(1000, 64, 0), "EINVAL"), 500, 500),
		}, Releases{Calls: 1, Asked: 64, Refused: 64}},
		{"over a hole", []mem.Frame{
			call(101*sec, failed(background(1000, 64, 60), "ENOMEM"), 500, 440),
		}, Releases{Calls: 1, Asked: 64, LeftRES: 60, Attributed: 60}},
		{"RES unknown", []mem.Frame{
			call(101*sec, noted(background(1000, 64, 0), mem.NoteRSSUnknown), 500, 436),
			call(102*sec, noted(background(2000, 64, 0), mem.NoteNoEntry), 0, 436),
		}, Releases{Calls: 2, Asked: 128}},
		{"not a release, not the target, munmap", []mem.Frame{
			call(101*sec, mem.Event{Call: mem.Madvise, Advice: "MADV_HUGEPAGE", Len: 64 * kib}, 500, 436),
			call(102*sec, mem.Event{PID: 8, Call: mem.Madvise, Advice: "MADV_FREE", Len: 64 * kib}, 500, 436),
			call(103*sec, mem.Event{Call: mem.Munmap, Len: 64 * kib, Attributed: -64 * kib}, 500, 436),
		}, Releases{}},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := observe(append([]mem.Frame{header()}, c.frames...)...).Releases
			want := c.want
			want.Asked, want.Refused, want.LeftRES = want.Asked*kib, want.Refused*kib, want.LeftRES*kib
			want.Attributed, want.Refaulted = want.Attributed*kib, want.Refaulted*kib
			if got != want {
				t.Errorf("releases\n%+v, want\n%+v", got, want)
			}
		})
	}
}

// story is a trace in which everything happens once.
func story() []mem.Frame {
	light := &mem.Sample{
		At: 100*sec + 1, PID: pid, RSS: mem.RSS{Anon: 3000 * kib, File: 1000 * kib}, RSSSource: "status",
		MemStats: &mem.MemStats{Source: "memory", NumGC: 2},
	}
	full := fullSample()
	full.At, full.Returned, full.Last = 160*sec, &mem.Returned{Ranges: 1, Bytes: 64 * kib, Resident: 16 * kib}, true
	return []mem.Frame{
		header(),
		{At: light.At, Sample: light},
		call(101*sec, mem.Event{Call: mem.Mmap, Ret: 1 << 30, Len: 64 * mib, FD: -1}, 4000, 4000),
		call(102*sec, failed(mem.Event{Call: mem.Mmap, Len: 1 << 50, FD: -1}, "ENOMEM"), 4000, 4000),
		call(103*sec, mem.Event{PID: 8, Call: mem.Munmap, Addr: 1 << 20, Len: 4096}, 99999, 99999),
		call(104*sec, mem.Event{PID: 9, Call: mem.Munmap, Addr: 1 << 20, Len: 4096}, 100, 90),
		{At: 110 * sec, Mark: &mem.Mark{At: 110 * sec, Kind: mem.MarkGC, PID: pid, NumGC: 4, First: 3}},
		call(111*sec, release(mem.WhoBackground, 2000, 64, 64), 60000, 59936),
		call(112*sec, release(mem.WhoForced, 2000, 128, 100), 59936, 59836),
		call(113*sec, failed(release(mem.WhoBackground, 4000, 32, 0), "EINVAL"), 59836, 59836),
		call(114*sec, mem.Event{Call: mem.Munmap, Addr: 8000 * kib, Len: 256 * kib, Attributed: -200 * kib}, 59836, 59636),
		{At: 120 * sec, Lost: &mem.Lost{At: 120 * sec, Total: 5, New: 5}},
		{At: full.At, Sample: full},
		{At: 161 * sec, Mark: &mem.Mark{At: 161 * sec, Kind: mem.MarkEnd, PID: pid, Why: "interrupt"}},
	}
}

// fullSample is of 49,000 KiB: 24,000 free in Go's heap, 11,000 of it in dense
// chunks, 8,000 live, 4,000 garbage, 2,000 holes, 1,000 back after release,
// 6,000 stacks, 3,000 the program's file, 1,000 the runtime's own.
func fullSample() *mem.Sample {
	return &mem.Sample{
		PID: pid, RSSSource: "smaps_rollup", RSS: mem.RSS{Anon: 46000 * kib, File: 3000 * kib},
		Smaps: &mem.Smaps{Rss: 49000 * kib, Anonymous: 46000 * kib, LazyFree: 500 * kib},
		VMAs: []mem.VMA{
			{Range: mem.Range{Start: 4 * mib, End: 8 * mib}, Perms: "r-xp", Path: "/opt/server", Rss: 3000 * kib},
			{Range: mem.Range{Start: 1 << 40, End: 1<<40 + 64*mib}, Perms: "rw-p", Rss: 45000 * kib},
			{Range: mem.Range{Start: 2 << 40, End: 2<<40 + 2*mib}, Perms: "rw-p", Rss: 1000 * kib},
		},
		MemStats: &mem.MemStats{
			Source: "memory", HeapWalked: true, HeapAlloc: 12000 * kib, HeapMarked: 8000 * kib,
			HeapSys: 60000 * kib, HeapReleased: 20000 * kib, NumGC: 4, LastGC: 148 * sec, NextGC: 16 * mib, GCPercent: 100,
			ScavengeGCPercentGoal: 30000 * kib, GCSys: 3000 * kib,
		},
		Pages: &mem.GoPages{
			Arenas: []mem.Range{{Start: 1 << 40, End: 1<<40 + 64*mib}}, Agrees: true,
			InUse:    mem.Amount{Bytes: 14000 * kib, Resident: 14000 * kib},
			Stacks:   mem.Amount{Bytes: 6000 * kib, Resident: 6000 * kib},
			Idle:     mem.Amount{Bytes: 24000 * kib, Resident: 24000 * kib},
			Released: mem.Amount{Bytes: 20000 * kib, Resident: 1000 * kib},
			Dense:    mem.Amount{Bytes: 11000 * kib, Resident: 11000 * kib},
		},
	}
}

func TestVerdictOfAStory(t *testing.T) {
	v := observe(story()...)
	wantTrace := Trace{
		Releases: Releases{
			Calls: 3, Asked: 224 * kib, Refused: 32 * kib, LeftRES: 164 * kib, Attributed: 164 * kib,
			// Of the second release's 100 KiB, 64 KiB at most had not been released before.
			Refaulted: 36*kib + 16*kib,
		},
		Outcomes: []Outcome{
			{Why: WhyGone, Calls: 1, Asked: 128 * kib, Left: 100 * kib},
			{Why: WhyTakenAgain, Calls: 1, Asked: 64 * kib, Left: 64 * kib, TakenAgain: 36 * kib, TakenAfter: int64(time.Second)},
			{Why: "refused: EINVAL", Calls: 1, Asked: 32 * kib},
		},
		Unmapped: Unmapped{Calls: 1, Asked: 256 * kib, LeftRES: 200 * kib, Attributed: 200 * kib},
		ByWho: []ByWho{
			{Who: mem.WhoForced, Calls: 1, Asked: 128 * kib, LeftRES: 100 * kib, Attributed: 100 * kib},
			{Who: mem.WhoBackground, Calls: 2, Asked: 96 * kib, LeftRES: 64 * kib, Attributed: 64 * kib},
		},
		Reserved: 64 * mib,
		Calls: []Calls{
			{Call: mem.Madvise, Advice: "MADV_DONTNEED", Calls: 3, Bytes: 224 * kib},
			{Call: mem.Mmap, Calls: 2, Bytes: 64*mib + 1<<50},
			{Call: mem.Munmap, Calls: 1, Bytes: 256 * kib},
		},
		Failed: []Failed{
			{Call: mem.Madvise, Advice: "MADV_DONTNEED", Errno: "EINVAL", Calls: 1},
			{Call: mem.Mmap, Errno: "ENOMEM", Calls: 1},
		},
		GCs: 2, Lost: 5,
		RESStart: 4000 * kib, RESPeak: 60000 * kib, RESEnd: 49000 * kib,
		Duration:       int64(61 * time.Second),
		OtherProcesses: OtherProcesses{Events: 2, PIDs: 2},
	}
	if !reflect.DeepEqual(*v.Trace, wantTrace) {
		t.Errorf("trace\n%+v, want\n%+v", *v.Trace, wantTrace)
	}
	if v.RES != 49000*kib || v.MemStats.NumGC != 4 || v.LastGCAgo != int64(12*time.Second) {
		t.Errorf("RES %d, GC %d, %d ns ago", v.RES, v.MemStats.NumGC, v.LastGCAgo)
	}
	if want := time.Date(2026, 3, 4, 5, 7, 8, 0, time.UTC); !v.Time.Equal(want) {
		t.Errorf("time %v, want 61 s after the header's", v.Time)
	}
	if len(v.Warnings) != 1 || !strings.Contains(v.Warnings[0], "5 events were lost") {
		t.Errorf("warnings %q", v.Warnings)
	}
}

// checkLedger: the contract's sum.
func checkLedger(t *testing.T, v Verdict) {
	t.Helper()
	var top int64
	for _, part := range v.Ledger {
		if part.Parent == "" {
			top += part.Bytes
		}
	}
	if top != v.RES {
		t.Errorf("ledger sums to %d, res_bytes is %d", top, v.RES)
	}
}

func TestGoldenVerdict(t *testing.T) {
	v := observe(story()...)
	checkLedger(t, v)
	got, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	const file = "testdata/verdict.golden.json"
	if *update {
		if err := os.WriteFile(file, append(got, '\n'), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if string(want) != string(got)+"\n" {
		t.Errorf("verdict\n%s\nwant\n%s", got, want)
	}
	var back Verdict
	if err := json.Unmarshal(got, &back); err != nil || !reflect.DeepEqual(back, v) {
		t.Errorf("a verdict does not survive JSON: %v\n%+v", err, back)
	}
}

// The names that the JSON contract promises, null and [] where it says so.
func TestVerdictContract(t *testing.T) {
	text, err := json.Marshal(observe(header()))
	if err != nil {
		t.Fatal(err)
	}
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(text, &fields); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{
		"schema": `"whyres/explain/1"`, "time": "", "host": "", "process": "", "res_bytes": "0", "memstats": "",
		"ledger": "[]", "causes": "[]", "forecast": "null", "warnings": "",
		"releases": `{"calls":0,"asked":0,"refused":0,"left_res":0,"attributed":0,"to_allocator":null,"refaulted":0}`,
		"outcomes": "[]", "by_who": "[]", "calls": "[]", "failed": "[]",
	} {
		got, there := fields[name]
		if !there || want != "" && string(got) != want {
			t.Errorf("%s = %s (there: %v), want %s", name, got, there, want)
		}
	}
	if !strings.Contains(string(fields["memstats"]), `"source":"none"`) {
		t.Errorf("memstats %s, want the source none", fields["memstats"])
	}
}

func TestVerdictWithoutATrace(t *testing.T) {
	h := header()
	h.Header.Attach = ""
	v := observe(h, mem.Frame{At: 160 * sec, Sample: &mem.Sample{At: 160 * sec, PID: pid, RSS: mem.RSS{Anon: 8 * mib}}})
	if v.Trace != nil || v.RES != 8*mib {
		t.Errorf("trace %+v, RES %d; want none, 8 MiB", v.Trace, v.RES)
	}
	checkLedger(t, v)
	text, err := json.Marshal(v)
	if err != nil || strings.Contains(string(text), `"releases"`) {
		t.Errorf("%s, %v: releases of no trace", text, err)
	}
}

func TestVerdictWarns(t *testing.T) {
	light := func(at mem.Instant) mem.Frame {
		return mem.Frame{At: at, Sample: &mem.Sample{At: at, PID: pid, RSS: mem.RSS{Anon: mib}}}
	}
	missing := header()
	missing.Header.Missing = []string{"no stacks: perf_event_paranoid"}
	exec := mem.Frame{At: 105 * sec, Mark: &mem.Mark{At: 105 * sec, Kind: mem.MarkExec, PID: pid}}
	for name, c := range map[string]struct {
		frames []mem.Frame
		want   string
	}{
		"nothing at all":       {nil, "never looked at"},
		"missing":              {[]mem.Frame{missing}, "perf_event_paranoid"},
		"exec":                 {[]mem.Frame{header(), exec}, "(exec), 1 in all"},
		"exec, samples before": {[]mem.Frame{header(), light(101 * sec), exec}, "never looked at"},
		"unknown RES":          {[]mem.Frame{header(), call(101*sec, noted(mem.Event{Call: mem.Mmap}, mem.NoteRSSUnknown), 1, 1)}, "of 1 calls the RES"},
		"old sample":           {[]mem.Frame{header(), light(101 * sec), call(200*sec, mem.Event{Call: mem.Mmap}, 1, 1)}, "1m39s before the end"},
	} {
		t.Run(name, func(t *testing.T) {
			v := observe(c.frames...)
			if !slices.ContainsFunc(v.Warnings, func(w string) bool { return strings.Contains(w, c.want) }) {
				t.Errorf("warnings %q, want %q", v.Warnings, c.want)
			}
		})
	}
}

// After an exec the header's program is another one's.
func TestVerdictAfterExec(t *testing.T) {
	exec := mem.Frame{At: 105 * sec, Mark: &mem.Mark{At: 105 * sec, Kind: mem.MarkExec, PID: pid, Comm: "other"}}
	full := fullSample()
	full.At = 110 * sec
	v := observe(header(), exec, mem.Frame{At: full.At, Sample: full})
	if want := (mem.Process{PID: pid, Comm: "other"}); !reflect.DeepEqual(v.Process, want) {
		t.Errorf("process %+v, want %+v", v.Process, want)
	}
	if !slices.ContainsFunc(v.Warnings, func(w string) bool { return strings.Contains(w, "path is unknown") }) {
		t.Errorf("warnings %q: the program's path should be unknown", v.Warnings)
	}
	checkLedger(t, v)
}

func TestGCsBySamplesWhereNoMarksCame(t *testing.T) {
	gc := func(at mem.Instant, n uint32) mem.Frame {
		return mem.Frame{At: at, Sample: &mem.Sample{At: at, PID: pid, MemStats: &mem.MemStats{NumGC: n}}}
	}
	if v := observe(header(), gc(101*sec, 3), gc(102*sec, 9)); v.GCs != 6 {
		t.Errorf("%d GCs, want 6", v.GCs)
	}
	if v := observe(header(), gc(101*sec, 9), gc(102*sec, 3)); v.GCs != 0 {
		t.Errorf("%d GCs of a counter that went back, want 0", v.GCs)
	}
}

// A recording is input from anywhere.
func TestAccumulatorBearsAnyFrames(t *testing.T) {
	a := NewAccumulator()
	a.Observe(mem.Frame{})
	for i := range 3000 {
		who := mem.Who(strings.Repeat("x", i%700))
		a.Observe(call(mem.Instant(math.MaxInt64), mem.Event{
			PID: i%2*i + 1, Call: mem.Call(who), Advice: "MADV_FREE", Who: who, Len: math.MaxUint64,
			Attributed: math.MinInt64, Dur: math.MaxInt64, Errno: string(who),
		}, math.MinInt64/kib, math.MaxInt64/kib))
	}
	v := a.Verdict()
	if len(v.ByWho) > maxRows+1 || len(v.Calls) > maxRows+1 || len(v.Failed) > maxRows+1 || v.OtherProcesses.PIDs > maxPIDs {
		t.Errorf("%d, %d, %d rows, %d processes: no bound", len(v.ByWho), len(v.Calls), len(v.Failed), v.OtherProcesses.PIDs)
	}
	if v.Releases.Asked != math.MaxUint64 {
		t.Errorf("asked %d wrapped around", v.Releases.Asked)
	}
	if _, err := json.Marshal(v); err != nil {
		t.Error(err)
	}
}

func BenchmarkObserve(b *testing.B) {
	a := NewAccumulator()
	a.Observe(header())
	i := int64(0)
	for b.Loop() {
		i = (i + 1) % 10000
		a.Observe(call(101*sec, release(mem.WhoBackground, i*128, 64, 64), 500, 436))
	}
}
