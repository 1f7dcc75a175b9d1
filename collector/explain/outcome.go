package explain

import "whyres/collector/mem"

// Why is what became of a release. A refusal by anything but locked memory is
// whyRefused and the errno.
type Why string

// The outcomes. WhyGone: out of RES, and as far as was seen it stayed so.
// WhyTakenAgain: most of it was resident again when it was released the next
// time. WhyHuge, WhyShared, WhyElsewhere: RES fell, and the kernel's allocator got
// less than half of that, which only --allocator shows; WhyMaybeShared is WhyShared
// where that was not measured. WhyKept: an advice that the kernel need not follow
// (MADV_PAGEOUT). WhyUnknown: what it brought was not seen.
const (
	WhyGone          Why = "gone"
	WhyTakenAgain    Why = "taken again"
	WhyHuge          Why = "in a huge page"
	WhyShared        Why = "shared with a forked child"
	WhyMaybeShared   Why = "perhaps shared with a forked child"
	WhyElsewhere     Why = "held elsewhere"
	WhyLazy          Why = "lazy"
	WhyNotResident   Why = "was not resident"
	WhyNoEffect      Why = "no effect though resident"
	WhyKept          Why = "kept"
	WhyRefusedLocked Why = "refused: locked"
	WhyUnknown       Why = "not known"

	whyRefused = "refused: "
)

// Outcome is what a release brought, or what all those with the same why
// brought: sizes in bytes.
type Outcome struct {
	Why   Why    `json:"why"`
	Calls uint64 `json:"calls"`
	Asked uint64 `json:"asked"`
	// Left is what the calls themselves took out of RES.
	Left int64 `json:"left"`
	// ToAllocator is what of it reached the kernel's allocator; nil where that
	// was not measured for any of the calls.
	ToAllocator *int64 `json:"to_allocator"`
	// TakenAgain is what of Left a later release took out of RES once more: at
	// least so much, as memory that is in use now is not counted.
	TakenAgain uint64 `json:"taken_again"`
	// TakenAfter is the mean time until that later release, in ns; of
	// WhyTakenAgain only.
	TakenAfter int64 `json:"taken_after_ns,omitempty"`
}

// add takes the calls of o in.
func (r *Outcome) add(o *Outcome) {
	r.Calls += o.Calls
	r.Asked = add(r.Asked, o.Asked)
	r.Left += o.Left
	r.TakenAgain = add(r.TakenAgain, o.TakenAgain)
	r.ToAllocator = sum(r.ToAllocator, o.ToAllocator)
}

// take takes out a call that was taken in before.
func (r *Outcome) take(o *Outcome) {
	r.Calls -= o.Calls
	r.Asked -= o.Asked
	r.Left -= o.Left
	r.TakenAgain -= o.TakenAgain
	if o.ToAllocator != nil {
		minus := -*o.ToAllocator
		r.ToAllocator = sum(r.ToAllocator, &minus)
	}
}

// circumstances are what was known of the memory when it was released.
type circumstances struct {
	// locked: it lies in locked memory. resident: all of it was in RES.
	locked, resident bool
	// child: a forked child has had the memory too. huge: there are huge pages
	// about, and the range has not whole ones only.
	child, huge bool
	// late is what the allocator may get later than by the call, in bytes.
	late int64
}

// outcomeOf judges a release by itself; what comes later may change it.
func outcomeOf(e *mem.Event, c circumstances) Outcome {
	o := Outcome{Calls: 1, Asked: e.Len, Left: -e.Attributed, ToAllocator: sum(nil, e.ToAllocator)}
	o.Why = why(e, &o, c)
	return o
}

func why(e *mem.Event, o *Outcome, c circumstances) Why {
	switch {
	case e.Noted(mem.NoteNoReturn):
		return WhyUnknown
	case refused(e) && c.locked && e.Errno == "EINVAL":
		return WhyRefusedLocked
	case refused(e):
		return Why(whyRefused + e.Errno)
	case e.Advice == "MADV_FREE":
		return WhyLazy
	case unmeasured(e), e.Call != mem.Madvise && o.Left <= 0:
		return WhyUnknown
	case o.Left > 0:
		return whyLess(o, c)
	case e.Advice == "MADV_PAGEOUT":
		return WhyKept
	case e.Noted(mem.NoteUnsure):
		return WhyUnknown
	case c.resident && e.Advice == "MADV_DONTNEED" && !e.Failed() && e.After.Total() >= e.Before.Total():
		return WhyNoEffect
	}
	return WhyNotResident
}

// whyLess tells, of a release after which RES was lower, whether the allocator
// got less, and who may have the rest.
func whyLess(o *Outcome, c circumstances) Why {
	switch {
	case o.ToAllocator == nil && c.child:
		return WhyMaybeShared
	case o.ToAllocator == nil, *o.ToAllocator >= o.Left-o.Left/2:
		return WhyGone
	case c.child:
		return WhyShared
	case c.huge:
		return WhyHuge
	case o.Left-*o.ToAllocator > c.late:
		return WhyElsewhere
	}
	return WhyGone
}

// refused: the kernel did nothing. One that met a hole in the address space
// (ENOMEM) has done the rest.
func refused(e *mem.Event) bool {
	return e.Failed() && e.Errno != "ENOMEM" && !e.Noted(mem.NoteNoReturn)
}

// unmeasured: what the call took out of RES is not known.
func unmeasured(e *mem.Event) bool {
	return e.Noted(mem.NoteRSSUnknown) || e.Noted(mem.NoteNoEntry)
}
