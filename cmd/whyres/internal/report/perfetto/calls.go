package perfetto

import (
	"strings"

	"whyres/collector/mem"
)

// call writes a call: a slice on its thread, or an instant where it is not known
// from when to when it ran.
func (p *process) call(e *mem.Event, own bool) {
	var th *thread
	if own {
		th = p.thread(e.TID)
	}
	if th == nil {
		p.callInstant(p.track, e.At, e)
		return
	}
	end := e.End()
	switch {
	case e.Noted(mem.NoteNoEntry), e.Noted(mem.NoteNoReturn):
		p.callInstant(th.track, e.At, e)
		return
	case end < e.At || e.At < th.end:
		// A thread makes one call at a time: a damaged recording. Slices that
		// overlap would end each other.
		p.callInstant(th.track, e.At, e)
		return
	}
	th.end = end
	exact := !e.Noted(mem.NoteRSSUnknown)
	p.event(e.At, typeSliceBegin, th.track, func(m *message) {
		p.describe(e)
		if exact {
			rssValues(m, e.Before)
		}
	})
	p.event(end, typeSliceEnd, th.track, func(m *message) {
		if exact && rssValues(m, e.After) {
			goValues(m, e.Go)
		}
	})
}

// callInstant writes a call that has no beginning or no end. Only where it was seen
// returning is the instant that of the reading.
func (p *process) callInstant(track uint64, at mem.Instant, e *mem.Event) {
	p.event(at, typeInstant, track, func(m *message) {
		p.describe(e)
		if e.PID != p.pid {
			p.annotateInt("pid", int64(e.PID))
		}
		p.annotateInt("tid", int64(e.TID))
		switch {
		case e.Dur == 0:
		case e.Noted(mem.NoteNoReturn):
			p.annotateInt("at_most_ns", e.Dur)
		default:
			p.annotateInt("dur_ns", e.Dur)
		}
		if e.PID == p.pid && e.Noted(mem.NoteNoEntry) && !e.Noted(mem.NoteRSSUnknown) && rssValues(m, e.After) {
			goValues(m, e.Go)
		}
	})
}

// describe appends what the call is and what it brought.
func (p *process) describe(e *mem.Event) {
	p.name(&p.categories, category(e), eventCategoryIIDs, eventCategories)
	p.name(&p.names, title(e), eventNameIID, eventName)
	p.annotateUint("asked", e.Len)
	if !e.Noted(mem.NoteRSSUnknown) || e.Attributed != 0 { // what is said counts, as in the verdict
		p.annotateInt("left_res", -e.Attributed)
	}
	p.annotateText("who", string(e.Who))
	p.annotateText("errno", e.Errno)
	p.arguments(e)
	if e.ToAllocator != nil {
		p.annotateInt("to_allocator", *e.ToAllocator)
	}
	p.annotateTexts("notes", e.Notes)
	p.stack(e.Stack, -e.Attributed)
}

// arguments appends those that the call has.
func (p *process) arguments(e *mem.Event) {
	p.annotateAddr("addr", uint64(e.Addr))
	switch e.Call {
	case mem.Mmap:
		p.annotateUint("prot", uint64(e.Prot))
		p.annotateUint("map_flags", uint64(e.MapFlags))
		p.annotateReturn(e)
	case mem.Mremap:
		p.annotateUint("new_len", e.NewLen)
		p.annotateReturn(e)
	case mem.Brk:
		p.annotateReturn(e)
	case mem.PrctlSetVMA:
		p.annotateText("name", e.Name)
	}
}

// annotateReturn is for calls that return an address.
func (p *process) annotateReturn(e *mem.Event) {
	if !e.Failed() {
		p.annotateAddr("ret", uint64(e.Ret))
	}
}

// title is what stands on a slice: "madvise DONTNEED".
func title(e *mem.Event) string {
	if e.Advice == "" {
		return string(e.Call)
	}
	return string(e.Call) + " " + strings.TrimPrefix(e.Advice, "MADV_")
}

// category is for filtering: "release" are the calls that the verdict sums up.
func category(e *mem.Event) string {
	switch {
	case e.Releases():
		return "release"
	case e.Call == mem.Munmap:
		return "unmap"
	case e.Call == mem.Mmap:
		return "map"
	}
	return "other"
}
