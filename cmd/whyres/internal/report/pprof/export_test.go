package pprof

import (
	"bytes"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/pprof/profile"
	"golang.org/x/sys/unix"

	"whyres/collector/explain"
	"whyres/collector/mem"
	"whyres/collector/record"
)

const mib = 1 << 20

// handBuilt has sums that are known by construction, all of them in MiB: released
// 7, of which 5 left RES; mapped 64, of which 4 can be accessed; unmapped 2, of which 1
// left RES; 8 calls of the target.
func handBuilt() []mem.Frame {
	free := []string{"runtime.madvise", "runtime.sysUnusedOS", "runtime.bgscavenge"}
	event := func(e mem.Event) mem.Frame { return mem.Frame{At: e.End(), Event: &e} }
	return []mem.Frame{
		{At: 1000, Header: &mem.Header{
			Schema: mem.Schema, Tool: "test", Time: time.Unix(1700000000, 5), Mono: 1000, Attach: "raw_tracepoint",
			Host:    mem.Host{Kernel: "6.18.44", Arch: "x86_64", PageSize: 4096, CPUs: 2},
			Process: mem.Process{PID: 42, Comm: "server", Exe: "/usr/bin/server", GoVersion: "go1.26.8"},
			Missing: []string{"something is missing"},
		}},
		event(mem.Event{At: 2000, Dur: 10, PID: 42, TID: 43, Call: mem.Madvise, Advice: "MADV_DONTNEED", Len: 4 * mib, Attributed: -3 * mib, Who: mem.WhoBackground, Stack: free}),
		event(mem.Event{At: 3000, Dur: 20, PID: 42, TID: 43, Call: mem.Madvise, Advice: "MADV_DONTNEED", Len: 2 * mib, Attributed: -2 * mib, Who: mem.WhoBackground, Stack: free}),
		event(mem.Event{At: 4000, Dur: 30, PID: 42, TID: 42, Call: mem.Madvise, Advice: "MADV_FREE", Len: mib, Errno: "EINVAL", Ret: -1, Who: mem.WhoUser}),
		event(mem.Event{At: 5000, Dur: 40, PID: 42, TID: 42, Call: mem.Mmap, Len: 60 * mib, Who: mem.WhoGrowth, Stack: []string{"runtime.mmap", "main.main"}}),
		event(mem.Event{At: 5500, Dur: 40, PID: 42, TID: 42, Call: mem.Mmap, Len: 4 * mib, Prot: unix.PROT_READ | unix.PROT_WRITE, Who: mem.WhoGrowth, Stack: []string{"runtime.mmap", "main.main"}, Notes: []string{mem.NoteRSSUnknown}}),
		event(mem.Event{At: 6000, Dur: 50, PID: 42, TID: 42, Call: mem.Mmap, Len: 8 * mib, Errno: "ENOMEM", Ret: -1, Who: mem.WhoCgo, Stack: []string{"libc.so.6!mmap"}, Notes: []string{mem.NoteStackCut}}),
		event(mem.Event{At: 7000, Dur: 60, PID: 42, TID: 42, Call: mem.Munmap, Len: 2 * mib, Attributed: -mib, Who: mem.WhoUnknown, Stack: []string{"0x7f3a91c04000"}}),
		event(mem.Event{At: 7100, Dur: 60, PID: 99, TID: 99, Call: mem.Munmap, Len: 512 * mib, Attributed: -512 * mib, Who: mem.WhoUser, Stack: []string{"main.child"}}),
		event(mem.Event{At: 7500, Dur: 200, PID: 42, TID: 44, Call: mem.Munmap, Len: 16 * mib, Errno: "unknown", Ret: -1, Notes: []string{mem.NoteNoReturn}}),
		{At: 8000, Lost: &mem.Lost{At: 8000, Total: 3, New: 3}},
		{At: 9000, Mark: &mem.Mark{At: 9000, PID: 42, Kind: mem.MarkEnd, Why: "time is up"}},
	}
}

var handBuiltTotals = map[string]int64{
	"released": 7 * mib, "left_res": 5 * mib, "mapped": 64 * mib, "unmapped": 2 * mib, "unmapped_left_res": mib,
	"mapped_accessible": 4 * mib,
	"calls":             8, "time": 10 + 20 + 30 + 40 + 40 + 50 + 60,
}

func exported(t testing.TB, frames []mem.Frame) []byte {
	t.Helper()
	x := New()
	for _, f := range frames {
		if err := x.Observe(f); err != nil {
			t.Fatal(err)
		}
	}
	var out bytes.Buffer
	n, err := x.WriteTo(&out)
	if err != nil {
		t.Fatal(err)
	}
	if n != int64(out.Len()) {
		t.Errorf("%d bytes said, %d written", n, out.Len())
	}
	return out.Bytes()
}

// parsed is read by the format's own library, which checks it.
func parsed(t testing.TB, file []byte) *profile.Profile {
	t.Helper()
	p, err := profile.ParseData(file)
	if err != nil {
		t.Fatal(err)
	}
	if err := p.CheckValid(); err != nil {
		t.Fatal(err)
	}
	return p
}

func totals(p *profile.Profile) map[string]int64 {
	out := map[string]int64{}
	for i, kind := range p.SampleType {
		out[kind.Type] = 0
		for _, s := range p.Sample {
			out[kind.Type] += s.Value[i]
		}
	}
	return out
}

func same(t *testing.T, got, want map[string]int64) {
	t.Helper()
	if len(got) != len(want) {
		t.Errorf("%d types, want %d", len(got), len(want))
	}
	for name, v := range want {
		if got[name] != v {
			t.Errorf("%s: %d, want %d", name, got[name], v)
		}
	}
}

func TestTotals(t *testing.T) {
	p := parsed(t, exported(t, handBuilt()))
	same(t, totals(p), handBuiltTotals)
	if p.DefaultSampleType != "left_res" {
		t.Errorf("default %q", p.DefaultSampleType)
	}
	if want := time.Unix(1700000000, 5).UnixNano(); p.TimeNanos != want {
		t.Errorf("time %d, want %d", p.TimeNanos, want)
	}
	if p.DurationNanos != 8000 || p.Period != 1 || p.PeriodType.Type != "calls" {
		t.Errorf("duration %d, period %d %v", p.DurationNanos, p.Period, p.PeriodType)
	}
}

func TestComments(t *testing.T) {
	all := strings.Join(parsed(t, exported(t, handBuilt())).Comments, "\n")
	for _, want := range []string{
		"kernel: Linux 6.18.44 x86_64", "Go: go1.26.8", "process: server, pid 42", "missing: something is missing",
		"events lost: 3;", "calls not seen from entry to exit: 1;", "calls of child processes: 1;",
		"calls whose RES could not be read: 1;", "mapped: address space, also what is only set aside (PROT_NONE)",
	} {
		if !strings.Contains(all, want) {
			t.Errorf("no %q in\n%s", want, all)
		}
	}
}

// TestDamage: a profile of a recording that could not be read whole says so; others do
// not.
func TestDamage(t *testing.T) {
	x := New()
	for _, f := range handBuilt() {
		if err := x.Observe(f); err != nil {
			t.Fatal(err)
		}
	}
	comments := func() string {
		var out bytes.Buffer
		if _, err := x.WriteTo(&out); err != nil {
			t.Fatal(err)
		}
		return strings.Join(parsed(t, out.Bytes()).Comments, "\n")
	}
	if all := comments(); strings.Contains(all, "damaged") || strings.Contains(all, "cut short") {
		t.Error(all)
	}
	x.Damaged(7, false)
	x.Damaged(8, false)
	x.Damaged(20, true)
	for _, want := range []string{"damaged lines of the recording: 2;", "cut short in line 20:"} {
		if all := comments(); !strings.Contains(all, want) {
			t.Errorf("no %q in\n%s", want, all)
		}
	}
}

// TestSamples: each stack is there leaf first, with its labels, and what has none
// says so.
func TestSamples(t *testing.T) {
	got := map[string]string{}
	for _, s := range parsed(t, exported(t, handBuilt())).Sample {
		var names []string
		for _, l := range s.Location {
			names = append(names, l.Line[0].Function.Name)
		}
		text := ""
		for _, label := range []string{"call", "advice", "who", "errno"} {
			text += strings.Join(s.Label[label], ",") + ";"
		}
		got[strings.Join(names, "<")] += text + strconv.FormatInt(s.Value[calls], 10) + " "
	}
	for stack, want := range map[string]string{
		"runtime.madvise<runtime.sysUnusedOS<runtime.bgscavenge": "madvise;MADV_DONTNEED;background;;2 ",
		"no stack":                               "madvise;MADV_FREE;user;EINVAL;1 munmap;;unknown;unknown;1 ",
		"runtime.mmap<main.main":                 "mmap;;growth;;2 ",
		"libc.so.6!mmap<deeper callers not kept": "mmap;;cgo;ENOMEM;1 ",
		"0x7f3a91c04000":                         "munmap;;unknown;;1 ",
	} {
		if got[stack] != want {
			t.Errorf("%s: %q, want %q", stack, got[stack], want)
		}
		delete(got, stack)
	}
	if len(got) > 0 {
		t.Errorf("more than asked for: %v", got)
	}
}

// TestTotalsAreTheVerdicts: recordings of real processes, summed up by the code
// that prints the verdict.
func TestTotalsAreTheVerdicts(t *testing.T) {
	files, err := filepath.Glob("../../../testdata/recordings/*.whyres*")
	if err != nil || len(files) == 0 {
		t.Fatal("no recordings", err)
	}
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			frames, verdict := recorded(t, file)
			var count uint64
			for _, c := range verdict.Calls {
				count += c.Calls
			}
			if count == 0 || verdict.Releases.Asked == 0 {
				t.Fatal("a recording of nothing proves nothing")
			}
			got := totals(parsed(t, exported(t, frames)))
			delete(got, "time")
			var accessible int64
			for _, f := range frames {
				if e := f.Event; e != nil && e.PID == frames[0].Header.Process.PID && e.Call == mem.Mmap && !e.Failed() && e.Prot != unix.PROT_NONE {
					accessible += int64(e.Len)
				}
			}
			if accessible == 0 || accessible >= int64(verdict.Reserved) {
				t.Errorf("%d of %d mapped can be accessed: Go sets more aside", accessible, verdict.Reserved)
			}
			same(t, got, map[string]int64{
				"released": int64(verdict.Releases.Asked), "left_res": verdict.Releases.Attributed, "mapped": int64(verdict.Reserved),
				"unmapped": int64(verdict.Unmapped.Asked), "unmapped_left_res": verdict.Unmapped.Attributed, "calls": int64(count),
				"mapped_accessible": accessible,
			})
		})
	}
}

// TestUnknownRES: a call whose RES was not read counts in the profile as it does in
// the verdict, whatever a recording says of it.
func TestUnknownRES(t *testing.T) {
	for _, attributed := range []int64{0, -mib} {
		frames := append(handBuilt(), mem.Frame{At: 8500, Event: &mem.Event{
			At: 8400, Dur: 100, PID: 42, TID: 42, Call: mem.Madvise, Advice: "MADV_DONTNEED", Len: 3 * mib, Attributed: attributed, Notes: []string{mem.NoteRSSUnknown},
		}})
		sums := explain.NewAccumulator()
		for _, f := range frames {
			sums.Observe(f)
		}
		r := sums.Verdict().Releases
		got := totals(parsed(t, exported(t, frames)))
		if got["left_res"] != r.Attributed || got["released"] != int64(r.Asked) || r.Asked != 10*mib {
			t.Errorf("%v, the verdict has %+v", got, r)
		}
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
