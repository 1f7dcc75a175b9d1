package probetest

import "whyres/collector/probe"

// Answer is what a kernel does with a case, as it was measured before whyres probe
// existed: by programs of a few lines each, with smaps and the tracepoint mm_page_free
// beside them, on kernels from 5.10 to 7.3. Each case has 8 MiB, of which its name says
// how much is asked.
type Answer struct {
	ID string
	// From and Before are the kernels that it holds for; zero: from 5.10, to 7.3.
	From, Before Release
	Verdict      probe.Verdict
	Errno        string
	// RSS, Lazy and THP are in KiB, the change of RES, LazyFree and AnonHugePages;
	// Allocator what the kernel's allocator got, Later what came back without a touch.
	RSS, Allocator, Lazy, THP, Later int64
	// Setting: the case needs a setting that a host may not have.
	Setting bool
	unseen  bool
}

const (
	all  = 8192 // KiB
	half = all / 2
)

// Reference is the table. What the release notes and sources say stands in where no
// kernel was measured: MADV_POPULATE_WRITE is of 5.14 and DONTNEED_LOCKED of 5.18,
// COLLAPSE of 6.1, mTHP of 6.8, GUARD_INSTALL and process_madvise of oneself with any
// advice of 6.13.
func Reference() []Answer {
	return append(released(), others()...)
}

// released: MADV_DONTNEED and MADV_FREE.
func released() []Answer {
	v68 := Release{6, 8}
	return []Answer{
		{ID: probe.DontneedSmall, Verdict: probe.Freed, RSS: -all, Allocator: all},
		{ID: probe.DontneedSmallAgain, Verdict: probe.NoEffect},
		{ID: probe.DontneedSmallHole, Verdict: probe.FreedWithError, Errno: "ENOMEM", RSS: 1024 - all, Allocator: all - 1024},
		{ID: probe.DontneedSmallLocked, Verdict: probe.Refused, Errno: "EINVAL"},
		{ID: probe.DontneedSmallForked, Verdict: probe.LeftRES, RSS: -all},
		{ID: probe.DontneedZero, Verdict: probe.NoEffect},
		{ID: probe.DontneedHuge, Verdict: probe.Freed, RSS: -all, Allocator: all, THP: -all},
		{ID: probe.DontneedHugePart, Verdict: probe.LeftRES, RSS: -half, THP: -all}, // whole huge pages split
		{ID: probe.DontneedHugeRefilled, Verdict: probe.CameBack, RSS: -half, THP: -all, Later: half, Setting: true},
		{ID: probe.DontneedMTHP, Before: v68, Verdict: probe.NotMeasured},
		{ID: probe.DontneedMTHP, From: v68, Verdict: probe.Freed, RSS: -all, Allocator: all, Setting: true},
		{ID: probe.DontneedMTHPPart, Before: v68, Verdict: probe.NotMeasured},
		{ID: probe.DontneedMTHPPart, From: v68, Verdict: probe.Freed, RSS: -half, Allocator: half, Setting: true},
		{ID: probe.FreeSmall, Verdict: probe.Lazy, Lazy: all},
		{ID: probe.FreeSmallWritten, Verdict: probe.Lazy, Lazy: all - 4},
		// Of mm/madvise.c: that a page is mapped twice is looked at only if it is dirty
		// itself or in swap's cache, and of these only the page tables are dirty.
		{ID: probe.FreeSmallForked, Verdict: probe.Lazy, Lazy: all},
		{ID: probe.FreeHuge, Verdict: probe.Lazy, Lazy: all},
		{ID: probe.FreeHugeWritten, Verdict: probe.Lazy, Lazy: all - 2048},
	}
}

// others are all other advices.
func others() []Answer {
	v514, v518, v61, v613 := Release{5, 14}, Release{5, 18}, Release{6, 1}, Release{6, 13}
	unknown := func(id string, before Release) Answer {
		return Answer{ID: id, Before: before, Verdict: probe.Unsupported, Errno: "EINVAL"}
	}
	never := unknown(probe.CollapseHalfNever, v61)
	never.Setting = true
	return []Answer{
		{ID: probe.ColdSmall, Verdict: probe.NoEffect},
		{ID: probe.PageoutSmall, Verdict: probe.NoEffect},
		{ID: probe.PageoutHuge, Verdict: probe.Split, THP: -all},
		{ID: probe.PageoutFree, Verdict: probe.Freed, RSS: -all, Allocator: all, Lazy: -all},
		{ID: probe.HugepageSmall, Verdict: probe.NoEffect}, // it only allows khugepaged to come by
		{ID: probe.NohugepageHuge, Verdict: probe.NoEffect},
		unknown(probe.CollapseHalf, v61),
		// The small pages that the huge one replaces are free then.
		{ID: probe.CollapseHalf, From: v61, Verdict: probe.Grew, RSS: half, Allocator: half, THP: all},
		never,
		{ID: probe.CollapseHalfNever, From: v61, Verdict: probe.Grew, RSS: half, Allocator: half, THP: all, Setting: true},
		unknown(probe.PopulateSmall, v514),
		{ID: probe.PopulateSmall, From: v514, Verdict: probe.Grew, RSS: all},
		unknown(probe.DontneedLocked, v518),
		{ID: probe.DontneedLocked, From: v518, Verdict: probe.Freed, RSS: -all, Allocator: all},
		unknown(probe.GuardSmall, v613),
		{ID: probe.GuardSmall, From: v613, Verdict: probe.Freed, RSS: -all, Allocator: all},
		unknown(probe.ProcessDontneed, v613),
		{ID: probe.ProcessDontneed, From: v613, Verdict: probe.Freed, RSS: -all, Allocator: all},
	}
}

// Unseen is the answer where nobody sees the allocator: what only left RES looks freed.
func (a Answer) Unseen() Answer {
	a.unseen = true
	if a.Verdict == probe.LeftRES {
		a.Verdict = probe.Freed
	}
	return a
}
