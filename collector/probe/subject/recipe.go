package subject

import (
	"golang.org/x/sys/unix"

	"whyres/collector/probe"
)

// recipe is how a case is made and measured.
type recipe struct {
	// make makes the pages.
	make func(*stage) error
	// before is done to them before the call.
	before func(*stage) error
	// resident is what of the region must be in RES then, in bytes.
	resident int64
	// call makes the call for a part; what it covers is covered, one call each.
	call    func(*stage, span) outcome
	covered []span
	// supported asks whether the kernel knows the call.
	supported func(*stage) *bool
	// after is done after the call, and belongs to what is measured.
	after func(*stage)
	// watch waits for RES to come back.
	watch bool
	// reopen makes the memory accessible again, and back is what can be touched then.
	reopen func(*stage) error
	back   []span
}

// advising is a case of one madvise of all the region, all of which is resident.
func advising(advice int, pages func(*stage) error, change ...func(*recipe)) recipe {
	r := recipe{
		make: pages, resident: size, covered: whole(), back: whole(),
		call:      func(s *stage, part span) outcome { return s.madvise(part, advice) },
		supported: func(*stage) *bool { return supports(unix.SYS_MADVISE, 0, 0, uintptr(advice)) },
	}
	for _, c := range change {
		c(&r)
	}
	return r
}

func first(do func(*stage) error) func(*recipe) { return func(r *recipe) { r.before = do } }

func having(resident int64) func(*recipe) { return func(r *recipe) { r.resident = resident } }

func inHalves(r *recipe) { r.covered, r.back = lowerHalves(), lowerHalves() }

func advised(advice int) func(*stage) error {
	return func(s *stage) error { return s.advise(span{0, size}, advice) }
}

// written writes one byte after the call.
func written(r *recipe) { r.after = func(s *stage) { s.touch(span{0, 1}) } }

// hole unmaps 1 MiB in the middle.
func hole(r *recipe) {
	const at, n = 4 * mib, 1 * mib
	r.before = func(s *stage) error { return unix.MunmapPtr(s.pointer(at), n) }
	r.resident = size - n
	r.back = []span{{0, at}, {at + n, size - at - n}}
}

func guarded(r *recipe) {
	r.reopen = func(s *stage) error { return s.advise(span{0, size}, unix.MADV_GUARD_REMOVE) }
}

// locked holds the region in RES, until it is unmapped.
func locked(s *stage) error {
	b := s.bytes(span{0, size})
	if err := unix.Mlock(b); err != nil {
		return cannot("%d MiB cannot be locked (mlock: %v): raise the limit of locked memory (ulimit -l), or run as root", size/mib, err)
	}
	return nil
}

func forked(s *stage) error { return s.fork() }

// recipes is how each case of the catalogue is made.
func recipes() map[string]recipe {
	return map[string]recipe{
		probe.DontneedSmall:        advising(unix.MADV_DONTNEED, small),
		probe.DontneedSmallAgain:   advising(unix.MADV_DONTNEED, small, first(advised(unix.MADV_DONTNEED)), having(0)),
		probe.DontneedSmallHole:    advising(unix.MADV_DONTNEED, small, hole),
		probe.DontneedSmallLocked:  advising(unix.MADV_DONTNEED, small, first(locked)),
		probe.DontneedSmallForked:  advising(unix.MADV_DONTNEED, small, first(forked)),
		probe.DontneedZero:         advising(unix.MADV_DONTNEED, onlyRead, having(0)),
		probe.DontneedHuge:         advising(unix.MADV_DONTNEED, hugePages),
		probe.DontneedHugePart:     advising(unix.MADV_DONTNEED, hugePages, inHalves),
		probe.DontneedHugeRefilled: advising(unix.MADV_DONTNEED, hugePages, inHalves, func(r *recipe) { r.watch = true }),
		probe.DontneedMTHP:         advising(unix.MADV_DONTNEED, bigPages),
		probe.DontneedMTHPPart:     advising(unix.MADV_DONTNEED, bigPages, inHalves),
		probe.FreeSmall:            advising(unix.MADV_FREE, small),
		probe.FreeSmallWritten:     advising(unix.MADV_FREE, small, written),
		probe.FreeSmallForked:      advising(unix.MADV_FREE, small, first(forked)),
		probe.FreeHuge:             advising(unix.MADV_FREE, hugePages),
		probe.FreeHugeWritten:      advising(unix.MADV_FREE, hugePages, written),
		probe.ColdSmall:            advising(unix.MADV_COLD, small),
		probe.PageoutSmall:         advising(unix.MADV_PAGEOUT, small),
		probe.PageoutHuge:          advising(unix.MADV_PAGEOUT, hugePages),
		probe.PageoutFree:          advising(unix.MADV_PAGEOUT, small, first(advised(unix.MADV_FREE))),
		probe.HugepageSmall:        advising(unix.MADV_HUGEPAGE, small),
		probe.NohugepageHuge:       advising(unix.MADV_NOHUGEPAGE, hugePages),
		probe.CollapseHalf:         advising(unix.MADV_COLLAPSE, halfSmall, having(size/2)),
		probe.CollapseHalfNever:    advising(unix.MADV_COLLAPSE, halfSmall, having(size/2)),
		probe.PopulateSmall:        advising(unix.MADV_POPULATE_WRITE, untouched, having(0)),
		probe.DontneedLocked:       advising(unix.MADV_DONTNEED_LOCKED, small, first(locked)),
		probe.GuardSmall:           advising(unix.MADV_GUARD_INSTALL, small, guarded),
		probe.ProcessDontneed:      advising(unix.MADV_DONTNEED, small, ofItself),
	}
}
