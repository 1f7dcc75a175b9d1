package main

import (
	"bytes"
	"strings"
	"testing"

	"whyres/collector/mem"
	"whyres/collector/probe"
	"whyres/collector/probe/subject"
)

// aRun is a run of two calls, and the events that they are.
func aRun() (subject.Run, []*mem.Event) {
	run := subject.Run{TID: 7, Result: probe.Result{ID: "x", Call: mem.Madvise, Size: 64 << 10, RSSChange: -8192}, Calls: []subject.Call{
		{Addr: 0x1000, Len: 4096, From: 100, To: 200},
		{Addr: 0x9000, Len: 4096, From: 300, To: 400},
	}}
	got := int64(4096)
	return run, []*mem.Event{
		{TID: 7, Call: mem.Madvise, Addr: 0x1000, Len: 4096, At: 110, Dur: 80, ToAllocator: &got, Attributed: -4096},
		{TID: 7, Call: mem.Madvise, Addr: 0x9000, Len: 4096, At: 310, Dur: 80, ToAllocator: &got, Attributed: -4096},
	}
}

func TestProbeJoin(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*subject.Run, []*mem.Event)
		want   int64 // -1: not known
	}{
		"both":                 {func(*subject.Run, []*mem.Event) {}, 8192},
		"another thread's":     {func(_ *subject.Run, e []*mem.Event) { e[1].TID = 8 }, -1},
		"another call":         {func(_ *subject.Run, e []*mem.Event) { e[1].Call = mem.Munmap }, -1},
		"another place":        {func(_ *subject.Run, e []*mem.Event) { e[1].Addr++ }, -1},
		"another length":       {func(_ *subject.Run, e []*mem.Event) { e[1].Len = 1 }, -1},
		"too early":            {func(_ *subject.Run, e []*mem.Event) { e[1].At = 299 }, -1},
		"too late":             {func(_ *subject.Run, e []*mem.Event) { e[1].Dur = 91 }, -1},
		"not counted":          {func(_ *subject.Run, e []*mem.Event) { e[0].ToAllocator = nil }, -1},
		"no call":              {func(r *subject.Run, _ []*mem.Event) { r.Calls = nil }, -1},
		"no place in an event": {func(r *subject.Run, e []*mem.Event) { processMadvise(r, e) }, 8192},
	} {
		run, events := aRun()
		c.change(&run, events)
		got := toAllocator(callsOf(run, events))
		if (got == nil) != (c.want < 0) || got != nil && *got != c.want {
			t.Errorf("%s: %v, want %d", name, got, c.want)
		}
	}
}

// processMadvise: the kernel's side does not see the places.
func processMadvise(r *subject.Run, events []*mem.Event) {
	r.Result.Call = mem.ProcessMadvise
	for _, e := range events {
		e.Call, e.Addr, e.Len = mem.ProcessMadvise, 0, 0
	}
}

func TestProbeCompare(t *testing.T) {
	for name, c := range map[string]struct {
		change func([]*mem.Event)
		warns  bool
	}{
		"agree":    {func([]*mem.Event) {}, false},
		"disagree": {func(e []*mem.Event) { e[0].Attributed = 0 }, true},
		"unsure":   {func(e []*mem.Event) { e[0].Attributed, e[0].Notes = 0, []string{mem.NoteUnsure} }, false},
	} {
		run, events := aRun()
		c.change(events)
		p := &probing{report: &probe.Report{}}
		p.compare(&run.Result, events)
		if got := len(p.report.Warnings) > 0; got != c.warns {
			t.Errorf("%s: warnings %q", name, p.report.Warnings)
		}
	}
}

func TestProbeAlike(t *testing.T) {
	base := probe.Result{Size: 64 << 10, RSSChange: -32 << 10}
	for name, c := range map[string]struct {
		change func(*probe.Result)
		want   bool
	}{
		"the same":   {func(*probe.Result) {}, true},
		"near":       {func(r *probe.Result) { r.RSSChange += 1024 }, true},
		"elsewhere":  {func(r *probe.Result) { r.RSSChange += 1025 }, false},
		"an error":   {func(r *probe.Result) { r.Errno = "EAGAIN" }, false},
		"not to say": {func(r *probe.Result) { r.Unknown = "fragmented" }, false},
	} {
		other := base
		c.change(&other)
		if got := alike(&base, &other); got != c.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}

func TestProgress(t *testing.T) {
	var out bytes.Buffer
	p := &progress{out: &out}
	p.begin(2)
	p.next("first")
	p.next("second\x1b[2J")
	p.end()
	for _, want := range []string{"1 of 2: first", "2 of 2, about 1 s left: second"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("%q lacks %q", out.String(), want)
		}
	}
	if strings.Contains(out.String(), "\x1b[2J") || !strings.HasSuffix(out.String(), "\r"+eraseLine) {
		t.Errorf("%q: want no escapes of a name, and the line gone", out.String())
	}
	silent := newProgress(&out)
	before := out.Len()
	silent.begin(1)
	silent.next("x")
	silent.about("y")
	silent.end()
	if out.Len() != before {
		t.Error("progress where there is no terminal")
	}
}
