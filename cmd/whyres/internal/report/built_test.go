package report_test

import (
	"bytes"
	"errors"
	"io"
	"os"
	"testing"
	"time"

	"whyres/cmd/whyres/internal/report"
	"whyres/cmd/whyres/internal/timeline"
	"whyres/collector/explain"
	"whyres/collector/mem"
	"whyres/collector/record"
)

const (
	mib = 1 << 20
	// began is the instant of the built recordings' headers.
	began = mem.Instant(1_000_000_000_000)
)

func words() *report.Words {
	return &report.Words{
		Answer: func(v *explain.Verdict) report.Answer { return report.Answer(timeline.AnswerOf(v)) },
		Head:   timeline.Headline, Part: timeline.PartName, Who: timeline.WhoName, GC: timeline.GCReason, Clean: timeline.Clean,
	}
}

// recorded reads one of the recordings in testdata.
func recorded(t *testing.T, name string) []mem.Frame {
	t.Helper()
	f, err := os.Open("../../testdata/recordings/" + name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	r, err := record.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	var frames []mem.Frame
	for {
		frame, err := r.Next()
		if errors.Is(err, io.EOF) {
			return frames
		}
		if err != nil {
			t.Fatal(err)
		}
		frames = append(frames, frame)
	}
}

func header(comm string) mem.Frame {
	return mem.Frame{At: began, Header: &mem.Header{
		Schema: mem.Schema, Time: time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC), Mono: began, Attach: "raw_tracepoint",
		Host:    mem.Host{Kernel: "6.18.44", Arch: "amd64", PageSize: 4096, THP: "madvise", CPUs: 2},
		Process: mem.Process{PID: 42, Comm: comm, Exe: "/bin/" + comm, GoVersion: "go1.26.8"},
	}}
}

// event is a call at so many ns after the beginning, that took left bytes out of res.
func event(at int64, call mem.Call, advice string, who mem.Who, asked uint64, res, left int64) mem.Frame {
	e := &mem.Event{
		At: began + mem.Instant(at), Dur: 1000, PID: 42, TID: 42, Call: call, Advice: advice, Who: who, Addr: 0xc000000000, Len: asked,
		Before: mem.RSS{Anon: res}, After: mem.RSS{Anon: res - left}, Attributed: -left,
	}
	return mem.Frame{At: e.End(), Event: e}
}

func sample(at, res int64, m mem.MemStats) mem.Frame {
	s := &mem.Sample{At: began + mem.Instant(at), PID: 42, RSS: mem.RSS{Anon: res}, RSSSource: "smaps_rollup", MemStats: &m}
	return mem.Frame{At: s.At, Sample: s}
}

// many is a recording of so many events by construction: a process that grows by
// steps, and gives back in storms of calls.
func many(n int) []mem.Frame {
	frames := []mem.Frame{header("many")}
	res := int64(20 * mib)
	for i := range n {
		at := int64(i) * 500_000 // half a ms
		switch {
		case i%100 == 0:
			frames = append(frames, sample(at, res, mem.MemStats{Source: "memory", HeapSys: 200 * mib, HeapInuse: uint64(res), HeapIdle: uint64(200*mib - res), NextGC: 80 * mib, Sys: 210 * mib}))
			fallthrough
		case (i/1000)%2 == 0:
			frames = append(frames, event(at, mem.Mmap, "", mem.WhoGrowth, 64<<10, res, -4096))
			res += 4096
		default:
			frames = append(frames, event(at, mem.Madvise, "MADV_DONTNEED", mem.WhoBackground, 8192, res, 4096))
			res -= 4096
		}
	}
	return frames
}

// gather makes the part of a page that frames come to.
func gather(t *testing.T, id string, frames []mem.Frame) *report.Recording {
	t.Helper()
	g := report.NewGatherer(1)
	for _, f := range frames {
		if err := g.Frame(f); err != nil {
			t.Fatal(err)
		}
	}
	return g.Recording(id, id+".whyres", report.Damage{}, words())
}

// html is the page of some recordings.
func html(t *testing.T, recordings ...*report.Recording) []byte {
	t.Helper()
	var out bytes.Buffer
	p := report.Page{Title: recordings[0].Title(), Tool: "test", Recordings: recordings}
	if err := p.Write(&out); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}
