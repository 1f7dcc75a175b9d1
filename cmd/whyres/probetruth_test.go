package main

import (
	"fmt"
	"testing"

	"whyres/collector/probe"
)

// line is a line of Linux releases: 6.18 is {6, 18}.
type line [2]int

func kernelLine(t *testing.T, release string) line {
	t.Helper()
	var l line
	if _, err := fmt.Sscanf(release, "%d.%d", &l[0], &l[1]); err != nil {
		t.Fatalf("kernel %q: %v", release, err)
	}
	return l
}

func (l line) before(o line) bool { return l[0] < o[0] || l[0] == o[0] && l[1] < o[1] }

// truth is what a case must show. Sizes are KiB by construction: 8 MiB each, of
// which the name says how much is asked.
type truth struct {
	verdict   probe.Verdict
	rss       int64 // its change
	allocator int64 // what it got, to within two per cent of the memory
	lazy, thp int64 // their changes
	later     int64 // what came back
}

// truths is the table of what madvise does, as it was measured on kernels from
// 5.10 to 7.3 by other means than this program.
func truths(l line) map[string]truth {
	const all, half = 8192, 4096
	want := map[string]truth{
		probe.DontneedSmall:        {probe.Freed, -all, all, 0, 0, 0},
		probe.DontneedSmallAgain:   {probe.NoEffect, 0, 0, 0, 0, 0},
		probe.DontneedSmallHole:    {probe.FreedWithError, -all + 1024, all - 1024, 0, 0, 0},
		probe.DontneedSmallLocked:  {probe.Refused, 0, 0, 0, 0, 0},
		probe.DontneedSmallForked:  {probe.LeftRES, -all, 0, 0, 0, 0},
		probe.DontneedZero:         {probe.NoEffect, 0, 0, 0, 0, 0},
		probe.DontneedHuge:         {probe.Freed, -all, all, 0, -all, 0},
		probe.DontneedHugePart:     {probe.LeftRES, -half, 0, 0, -all, 0},
		probe.DontneedHugeRefilled: {probe.CameBack, -half, 0, 0, -all, half},
		probe.DontneedMTHP:         {probe.Freed, -all, all, 0, 0, 0},
		probe.DontneedMTHPPart:     {probe.Freed, -half, half, 0, 0, 0},
		probe.FreeSmall:            {probe.Lazy, 0, 0, all, 0, 0},
		probe.FreeSmallWritten:     {probe.Lazy, 0, 0, all - 4, 0, 0},
		probe.FreeHuge:             {probe.Lazy, 0, 0, all, 0, 0},
		probe.FreeHugeWritten:      {probe.Lazy, 0, 0, all - 2048, 0, 0},
		probe.ColdSmall:            {probe.NoEffect, 0, 0, 0, 0, 0},
		probe.PageoutHuge:          {probe.Split, 0, 0, 0, -all, 0},
		probe.PageoutFree:          {probe.Freed, -all, all, -all, 0, 0},
		probe.NohugepageHuge:       {probe.NoEffect, 0, 0, 0, 0, 0},
		// The small pages that the huge one replaces are free then.
		probe.CollapseHalf:      {probe.Grew, half, half, 0, all, 0},
		probe.CollapseHalfNever: {probe.Grew, half, half, 0, all, 0},
		probe.PopulateSmall:     {probe.Grew, all, 0, 0, 0, 0},
		probe.DontneedLocked:    {probe.Freed, -all, all, 0, 0, 0},
		probe.GuardSmall:        {probe.Freed, -all, all, 0, 0, 0},
		probe.ProcessDontneed:   {probe.Freed, -all, all, 0, 0, 0},
	}
	unknownYet := func(first line, last line, ids ...string) {
		for _, id := range ids {
			switch {
			case l.before(last) || l == last:
				want[id] = truth{verdict: probe.Unsupported}
			case l.before(first): // it came with a release between both
				delete(want, id)
			}
		}
	}
	unknownYet(line{6, 1}, line{5, 10}, probe.CollapseHalf, probe.CollapseHalfNever, probe.PopulateSmall, probe.DontneedLocked)
	unknownYet(line{6, 18}, line{6, 12}, probe.GuardSmall, probe.ProcessDontneed)
	return want
}

func (w truth) check(t *testing.T, c *probe.Result) {
	t.Helper()
	var later int64
	if c.LaterRSSChange != nil {
		later = *c.LaterRSSChange
	}
	got := truth{c.Verdict, c.RSSChange >> 10, w.allocator, c.LazyFreeChange >> 10, c.THPChange >> 10, later >> 10}
	if got != w {
		t.Errorf("%s: %+v, want %+v (%+v)", c.ID, got, w, *c)
	}
	if c.CallNS <= 0 || c.Runs < 1 || (c.RefaultNSPerMiB == nil) != (c.RSSChange >= 0 || later != 0) {
		t.Errorf("%s: times %+v", c.ID, *c)
	}
}

func (w truth) checkAllocator(t *testing.T, c *probe.Result) {
	t.Helper()
	const late = 31 * 4 // KiB: a CPU's batch of touched pages
	if c.ToAllocator == nil {
		t.Errorf("%s: what the allocator got is not told", c.ID)
	} else if off := *c.ToAllocator>>10 - w.allocator; off < -late || off > late {
		t.Errorf("%s: the allocator got %d KiB, want %d", c.ID, *c.ToAllocator>>10, w.allocator)
	}
}
