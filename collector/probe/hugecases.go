package probe

import "whyres/collector/mem"

// hugeCases: calls that make huge pages, or keep them from being made.
func hugeCases() []Case {
	huge := func(id, advice, pages, name, does string, wants ...Want) Case {
		return Case{ID: id, Call: mem.Madvise, Advice: advice, Pages: pages, Name: name, Does: does, Wants: wants}
	}
	const collapse = "The call makes whole huge pages of memory that is there in part: RES grows by what was missing. The Go runtime made this call from Go 1.21.1 to 1.21.3."
	return []Case{
		huge(HugepageSmall, "MADV_HUGEPAGE", pages4k, "4 KiB pages", "Huge pages are asked for where small ones are already."),
		huge(NohugepageHuge, "MADV_NOHUGEPAGE", pages2m, "2 MiB pages", "Huge pages are refused where there are some already.", wantHuge()),
		huge(CollapseHalf, "MADV_COLLAPSE", pages4k, "4 KiB pages, half there",
			"The lower half of each 2 MiB was touched in small pages; huge ones are to be made at once.", wantHuge()).meaning(Grew, collapse),
		huge(CollapseHalfNever, "MADV_COLLAPSE", pages4k, "4 KiB pages, half, no THP",
			"The same while transparent_hugepage/enabled is never.", wantNever()).meaning(Grew, collapse+" transparent_hugepage/enabled=never does not keep it from that."),
	}
}

// otherCases: calls that Linux learned after 5.10.
func otherCases() []Case {
	small := func(id string, call mem.Call, advice, name, does string) Case {
		return Case{ID: id, Call: call, Advice: advice, Pages: pages4k, Name: name, Does: does}
	}
	return []Case{
		small(PopulateSmall, mem.Madvise, "MADV_POPULATE_WRITE", "4 KiB pages", "Pages that were never touched are made at once.").meaning(Grew,
			"That is its purpose: the call puts memory into RES that nobody has touched."),
		small(DontneedLocked, mem.Madvise, "MADV_DONTNEED_LOCKED", "4 KiB pages, locked", "Touched pages that mlock holds are released by the advice made for them."),
		small(GuardSmall, mem.Madvise, "MADV_GUARD_INSTALL", "4 KiB pages", "Touched pages are released and made inaccessible."),
		small(ProcessDontneed, mem.ProcessMadvise, "MADV_DONTNEED", "4 KiB pages, of itself", "A process releases pages of its own through process_madvise."),
	}
}
