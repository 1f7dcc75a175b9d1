package probetest

import (
	"testing"

	"whyres/collector/probe"
)

// Each case of the catalogue has one answer on each kernel, and there are no others.
func TestReferenceIsWhole(t *testing.T) {
	for _, uname := range []string{"5.10.0", "5.14.0", "5.15.0", "5.18.0", "6.1.0", "6.8.0", "6.12.0", "6.13.0", "6.18.5", "7.3.4"} {
		answers, err := For(uname)
		if err != nil {
			t.Fatal(err)
		}
		r, holding := mustRelease(t, uname), 0
		for _, a := range Reference() {
			if !r.before(a.From) && (a.Before == Release{} || r.before(a.Before)) {
				holding++
			}
		}
		if holding != len(answers) {
			t.Errorf("%s: %d answers for %d cases", uname, holding, len(answers))
		}
		for _, c := range probe.Catalogue() {
			if _, known := answers[c.ID]; !known {
				t.Errorf("%s: no answer for %s", uname, c.ID)
			}
			delete(answers, c.ID)
		}
		for id := range answers {
			t.Errorf("%s: an answer for %s, which is no case", uname, id)
		}
	}
}

func mustRelease(t *testing.T, uname string) Release {
	t.Helper()
	r, err := ReleaseOf(uname)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// Advices are known from the release on that brought them (man madvise(2)).
func TestReleasesBetween(t *testing.T) {
	for uname, want := range map[string]map[string]probe.Verdict{
		"5.13.0": {probe.PopulateSmall: probe.Unsupported, probe.DontneedLocked: probe.Unsupported},
		"5.15.0": {probe.PopulateSmall: probe.Grew, probe.DontneedLocked: probe.Unsupported, probe.CollapseHalf: probe.Unsupported},
		"5.18.0": {probe.DontneedLocked: probe.Freed, probe.CollapseHalf: probe.Unsupported},
		"6.7.0":  {probe.DontneedMTHP: probe.NotMeasured, probe.CollapseHalf: probe.Grew},
		"6.8.0":  {probe.DontneedMTHP: probe.Freed},
	} {
		answers, err := For(uname)
		if err != nil {
			t.Fatal(err)
		}
		for id, v := range want {
			if answers[id].Verdict != v {
				t.Errorf("%s: %s is %s, want %s", uname, id, answers[id].Verdict, v)
			}
		}
	}
}

// A wrong number, verdict or error is told.
func TestCheckTells(t *testing.T) {
	got, back := int64(all<<10), int64(1)
	right := probe.Result{Verdict: probe.Freed, Pages: "4k", RSSChange: -all << 10, ToAllocator: &got, CallNS: 1, Runs: 1, RefaultNSPerMiB: &back}
	a := Answer{Verdict: probe.Freed, RSS: -all, Allocator: all}
	if off := a.Check(&right); len(off) > 0 {
		t.Errorf("%q", off)
	}
	for name, change := range map[string]func(*probe.Result){
		"verdict":        func(r *probe.Result) { r.Verdict = probe.LeftRES },
		"error":          func(r *probe.Result) { r.Errno = "EINVAL" },
		"RES":            func(r *probe.Result) { r.RSSChange += 4096 },
		"LazyFree":       func(r *probe.Result) { r.LazyFreeChange = 4096 },
		"AnonHugePages":  func(r *probe.Result) { r.THPChange = -4096 },
		"what came back": func(r *probe.Result) { r.RefaultNSPerMiB, r.LaterRSSChange = nil, &back },
		"allocator":      func(r *probe.Result) { r.ToAllocator = &back },
		"no allocator":   func(r *probe.Result) { r.ToAllocator = nil },
		"refault":        func(r *probe.Result) { r.RefaultNSPerMiB = nil },
		"runs":           func(r *probe.Result) { r.Runs = 0 },
	} {
		r := right
		change(&r)
		if off := a.Check(&r); len(off) != 1 {
			t.Errorf("%s: %q", name, off)
		}
	}
	if off := a.Unseen().Check(&right); len(off) != 1 {
		t.Errorf("an allocator that nobody sees: %q", off)
	}
}
