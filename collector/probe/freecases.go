package probe

import "whyres/collector/mem"

// freeCases: what the Go runtime releases memory with under
// GODEBUG=madvdontneed=0, and by default from Go 1.12 to 1.15.
func freeCases() []Case {
	free := func(id, pages, name, does string, wants ...Want) Case {
		return Case{ID: id, Call: mem.Madvise, Advice: "MADV_FREE", Pages: pages, Name: name, Does: does, Wants: wants}.meaning(Lazy,
			"With GODEBUG=madvdontneed=0 (and by default from Go 1.12 to 1.15) RES does not fall: the kernel takes the pages when memory gets short.")
	}
	return []Case{
		free(FreeSmall, pages4k, "4 KiB pages", "Touched pages are given up lazily."),
		free(FreeSmallWritten, pages4k, "4 KiB pages, one written to", "The same, and then one byte is written: the numbers are those after the write."),
		// The child's page tables say that it has written: the kernel then keeps the page
		// and takes the offer back (try_to_unmap_one of mm/rmap.c).
		free(FreeSmallForked, pages4k, "4 KiB pages, forked child", "Touched pages are given up lazily while a forked child has them too.").meaning(Lazy,
			"The pages count as lazily freed, and while the child has them the kernel cannot drop them: the host gets nothing even when memory gets short."),
		free(FreeHuge, pages2m, "2 MiB pages", "Whole huge pages are given up lazily.", wantHuge()),
		free(FreeHugeWritten, pages2m, "2 MiB pages, one written to", "The same, and then one byte is written: the numbers are those after the write.", wantHuge()),
	}
}

// reclaimCases: what the Go runtime never asks for, but others can.
func reclaimCases() []Case {
	out := func(id, pages, name, does string, wants ...Want) Case {
		return Case{ID: id, Call: mem.Madvise, Advice: "MADV_PAGEOUT", Pages: pages, Name: name, Does: does, Wants: wants}
	}
	return []Case{
		{ID: ColdSmall, Call: mem.Madvise, Advice: "MADV_COLD", Pages: pages4k, Name: "4 KiB pages", Does: "Touched pages are called cold."},
		out(PageoutSmall, pages4k, "4 KiB pages", "Touched pages are to be paged out: without swap there is nowhere to."),
		out(PageoutHuge, pages2m, "2 MiB pages", "Huge pages are to be paged out.", wantHuge()).meaning(Split,
			"Without swap MADV_PAGEOUT brings nothing, and costs the huge pages."),
		out(PageoutFree, pages4k, "4 KiB pages, lazily freed", "Pages that MADV_FREE gave up are to be paged out.").meaning(Freed,
			"What a Go program under GODEBUG=madvdontneed=0 has given up lazily can be taken from it this way, without swap."),
	}
}
