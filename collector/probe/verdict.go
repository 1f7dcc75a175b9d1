package probe

// share is what part of the memory in question is still called nothing: a 64th,
// 128 KiB of 8 MiB. Up to 31 touched pages wait in a batch of their CPU and reach
// the allocator late (mm/swap.c, lru_add); a background reclaim of the host may
// take a few pages at any time.
const share = 64

// Judge makes one word of what was measured. It looks at nothing but the numbers.
func Judge(r *Result) Verdict {
	switch {
	case r.Unknown != "":
		return NotMeasured
	case r.Errno != "" && r.Supported != nil && !*r.Supported:
		return Unsupported
	case r.Errno == "ENOSYS":
		return Unsupported
	}
	resident := min(r.Asked, r.RSSBefore)
	slack := max(r.Asked, r.Size) / share
	switch left := -r.RSSChange; {
	case left < -slack:
		return Grew
	case resident > slack && left >= resident-slack:
		return judgeLeft(r, slack)
	case left > slack:
		return Partly
	case r.Errno != "":
		return Refused
	}
	return judgeStayed(r, slack)
}

// judgeLeft: all that could leave RES has left it.
func judgeLeft(r *Result, slack int64) Verdict {
	switch left := -r.RSSChange; {
	case r.Errno != "":
		return FreedWithError
	case r.LaterRSSChange != nil && *r.LaterRSSChange > slack:
		return CameBack
	case r.ToAllocator == nil, *r.ToAllocator >= left-slack:
		return Freed
	case *r.ToAllocator <= slack:
		return LeftRES
	}
	return Partly
}

// judgeStayed: the call succeeded and RES is what it was.
func judgeStayed(r *Result, slack int64) Verdict {
	switch {
	case r.LazyFreeChange > slack:
		return Lazy
	case r.THPChange < -slack:
		return Split
	case r.THPChange > slack:
		return Merged
	}
	return NoEffect
}
