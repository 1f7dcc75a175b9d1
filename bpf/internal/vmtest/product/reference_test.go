package product

import "whyres/collector/probe"

// answer is what a kernel does with a case, as it was measured before whyres probe
// existed: by programs of a few lines each, on these kernels, with smaps and the
// tracepoint mm_page_free beside them. Changes are parts of what was asked.
type answer struct {
	id string
	// from and before are the kernels that it holds for; zero: from 5.10, to 7.3.
	from, before release
	verdict      probe.Verdict
	errno        string
	// rss, lazy and thp are in 64ths of what was asked: the change of RES, LazyFree and
	// AnonHugePages. Unasked changes are not looked at.
	rss, lazy, thp int64
	// allocator: what the allocator got is all that left RES, next to nothing, or not
	// told.
	allocator share
	// setting: the case needs a setting that a host may not have.
	setting bool
}

// share is how much of what left RES came to the kernel's allocator.
type share int

const (
	untold share = iota
	nothing
	all
)

// The kernels where something changed: MADV_POPULATE_WRITE is of 5.14 and
// DONTNEED_LOCKED of 5.18, COLLAPSE of 6.1, mTHP of 6.8, GUARD_INSTALL and
// process_madvise of oneself with any advice of 6.13. Between those that were measured,
// the release notes say which.
func reference() []answer {
	v61, v68, v613 := release{6, 1}, release{6, 8}, release{6, 13}
	return []answer{
		{id: "dontneed-4k", verdict: probe.Freed, rss: -64, allocator: all},
		{id: "dontneed-4k-again", verdict: probe.NoEffect, allocator: nothing},
		{id: "dontneed-4k-hole", verdict: probe.FreedWithError, errno: "ENOMEM", rss: -56, allocator: all}, // a hole of 1 MiB in 8
		{id: "dontneed-4k-locked", verdict: probe.Refused, errno: "EINVAL", allocator: nothing},
		{id: "dontneed-4k-forked", verdict: probe.LeftRES, rss: -64, allocator: nothing},
		{id: "dontneed-4k-only-read", verdict: probe.NoEffect, allocator: nothing},
		{id: "dontneed-2m", verdict: probe.Freed, rss: -64, thp: -64, allocator: all},
		{id: "dontneed-2m-part", verdict: probe.LeftRES, rss: -64, thp: -128, allocator: nothing}, // whole huge pages split
		{id: "dontneed-2m-refilled", verdict: probe.CameBack, rss: -64, setting: true},
		{id: "dontneed-64k", before: v68, verdict: probe.NotMeasured},
		{id: "dontneed-64k", from: v68, verdict: probe.Freed, rss: -64, allocator: all, setting: true},
		{id: "dontneed-64k-part", before: v68, verdict: probe.NotMeasured},
		{id: "dontneed-64k-part", from: v68, verdict: probe.Freed, rss: -64, allocator: all, setting: true},
		{id: "free-4k", verdict: probe.Lazy, lazy: 64, allocator: nothing},
		{id: "free-4k-written", verdict: probe.Lazy, lazy: 64, allocator: nothing}, // less 4 KiB: exact below
		{id: "free-2m", verdict: probe.Lazy, lazy: 64, allocator: nothing},
		{id: "free-2m-written", verdict: probe.Lazy, lazy: 48, allocator: nothing}, // less 2 MiB of 8
		{id: "cold-4k", verdict: probe.NoEffect, allocator: nothing},
		{id: "pageout-4k", verdict: probe.NoEffect, allocator: nothing},
		{id: "pageout-2m", verdict: probe.Split, thp: -64, allocator: nothing},
		{id: "pageout-4k-freed", verdict: probe.Freed, rss: -64, lazy: -64, allocator: all},
		{id: "nohugepage-2m", verdict: probe.NoEffect, allocator: nothing},
		{id: "collapse-half", before: v61, verdict: probe.Unsupported, errno: "EINVAL"},
		{id: "collapse-half", from: v61, verdict: probe.Grew, rss: 32, thp: 64},
		{id: "collapse-half-thp-never", before: v61, verdict: probe.Unsupported, errno: "EINVAL", setting: true},
		{id: "collapse-half-thp-never", from: v61, verdict: probe.Grew, rss: 32, thp: 64, setting: true},
		{id: "populate-write-4k", before: v61, verdict: probe.Unsupported, errno: "EINVAL"},
		{id: "populate-write-4k", from: v61, verdict: probe.Grew, rss: 64},
		{id: "dontneed-locked-4k", before: v61, verdict: probe.Unsupported, errno: "EINVAL"},
		{id: "dontneed-locked-4k", from: v61, verdict: probe.Freed, rss: -64},
		{id: "guard-4k", before: v613, verdict: probe.Unsupported, errno: "EINVAL"},
		{id: "guard-4k", from: v613, verdict: probe.Freed, rss: -64, allocator: all},
		{id: "process-dontneed-4k", before: v613, verdict: probe.Unsupported, errno: "EINVAL"},
		{id: "process-dontneed-4k", from: v613, verdict: probe.Freed, rss: -64, allocator: all},
	}
}

// holdsFor reports whether the answer is about the kernel.
func (a answer) holdsFor(r release) bool {
	return !r.before(a.from) && (a.before == release{} || r.before(a.before))
}
