package probe

// The cases' ids: advice, pages, and what is special. They are promises: results of
// different kernels, and of different releases of whyres, are compared by them.
const (
	DontneedSmall        = "dontneed-4k"
	DontneedSmallAgain   = "dontneed-4k-again"
	DontneedSmallHole    = "dontneed-4k-hole"
	DontneedSmallLocked  = "dontneed-4k-locked"
	DontneedSmallForked  = "dontneed-4k-forked"
	DontneedZero         = "dontneed-4k-only-read"
	DontneedHuge         = "dontneed-2m"
	DontneedHugePart     = "dontneed-2m-part"
	DontneedHugeRefilled = "dontneed-2m-refilled"
	DontneedMTHP         = "dontneed-64k"
	DontneedMTHPPart     = "dontneed-64k-part"
	FreeSmall            = "free-4k"
	FreeSmallWritten     = "free-4k-written"
	FreeSmallForked      = "free-4k-forked"
	FreeHuge             = "free-2m"
	FreeHugeWritten      = "free-2m-written"
	ColdSmall            = "cold-4k"
	PageoutSmall         = "pageout-4k"
	PageoutHuge          = "pageout-2m"
	PageoutFree          = "pageout-4k-freed"
	HugepageSmall        = "hugepage-4k"
	NohugepageHuge       = "nohugepage-2m"
	CollapseHalf         = "collapse-half"
	CollapseHalfNever    = "collapse-half-thp-never"
	PopulateSmall        = "populate-write-4k"
	DontneedLocked       = "dontneed-locked-4k"
	GuardSmall           = "guard-4k"
	ProcessDontneed      = "process-dontneed-4k"
)
