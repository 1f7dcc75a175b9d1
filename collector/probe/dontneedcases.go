package probe

import (
	"maps"

	"whyres/collector/mem"
)

// dontneedCases: what the Go runtime releases memory with (sysUnusedOS of
// runtime/mem_linux.go, since Go 1.16 by default).
func dontneedCases() []Case {
	small := func(id, name, does string) Case {
		return Case{ID: id, Call: mem.Madvise, Advice: "MADV_DONTNEED", Pages: pages4k, Name: name, Does: does}
	}
	big := func(id, pages, name, does string, wants ...Want) Case {
		return Case{ID: id, Call: mem.Madvise, Advice: "MADV_DONTNEED", Pages: pages, Name: name, Does: does, Wants: wants}
	}
	return []Case{
		small(DontneedSmall, "4 KiB pages", "Touched pages are released."),
		small(DontneedSmallAgain, "4 KiB pages, once more", "Pages that have just been released are released again."),
		small(DontneedSmallHole, "4 KiB pages, a hole in it", "One call covers touched pages and, among them, 1 MiB that is not mapped."),
		small(DontneedSmallLocked, "4 KiB pages, locked", "Touched pages that mlock holds are released.").meaning(Refused,
			"The runtime's releases of locked memory are refused like this. Before Go 1.21 nothing goes back then; since, the runtime maps the range anew instead, which gives memory back unless mlockall(MCL_FUTURE) fills it again at once."),
		small(DontneedSmallForked, "4 KiB pages, forked child", "Touched pages are released while a forked child has them too.").meaning(LeftRES,
			"As long as a forked child lives that did not execute another program, what the parent releases leaves its RES, and the host gets nothing."),
		small(DontneedZero, "4 KiB pages, only read", "Pages that were read and never written to are released: none of them was in RES."),
		big(DontneedHuge, pages2m, "2 MiB pages", "Whole huge pages are released.", wantHuge()),
		big(DontneedHugePart, pages2m, "2 MiB pages, half of each", "The lower half of each huge page is released, in one call each.", wantHuge()).meaning(LeftRES,
			"RES of a Go program on huge pages can fall while the host gets nothing: a huge page is free only once all of it has been released, or the kernel splits it because memory gets short."),
		big(DontneedHugeRefilled, pages2m, "2 MiB pages, refilled", "The lower half of each huge page is released, and RES is watched for up to five seconds after.",
			wantHuge(), wantScan()).meaning(CameBack,
			"khugepaged undoes what the Go runtime releases of huge pages: it makes whole ones again, missing parts filled with zeros. khugepaged/max_ptes_none decides how much may be missing."),
		big(DontneedMTHP, pages64k, "64 KiB pages", "Whole pages of 64 KiB are released.", wantMTHP()),
		big(DontneedMTHPPart, pages64k, "64 KiB pages, half of them", "The lower half of each 2 MiB is released, which is a whole number of 64 KiB pages.", wantMTHP()),
	}
}

// meaning adds what a verdict of this case means, where it is not what the verdict
// means in general.
func (c Case) meaning(v Verdict, text string) Case {
	means := map[Verdict]string{}
	maps.Copy(means, c.means)
	means[v] = text
	c.means = means
	return c
}
