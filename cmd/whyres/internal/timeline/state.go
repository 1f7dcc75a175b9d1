package timeline

import (
	"time"

	"whyres/collector/mem"
)

// state is what was known of the target at an instant: RES and the Go heap.
type state struct {
	at       mem.Instant
	rss      mem.RSS
	resKnown bool
	heap     heap
	returned returned
	// did is by how much the target's own calls have changed RES since the
	// trace began, in bytes; of unsure bytes it is not known whether RES has
	// them already, or ever.
	did, unsure int64
}

// heap is the Go heap in bytes; idle is free and not released.
type heap struct {
	inUse, idle, released int64
	known                 bool
}

// returned is how much of what was given back is resident again.
type returned struct {
	resident int64
	known    bool
}

func (s *state) res() int64 { return s.rss.Total() }

// afterCall takes over what an event of the target says. Calls on which RSS was
// not read carry zeros: no process has a RES of zero. A call that ended before
// the state's own instant says nothing new but what it did itself.
func (s *state) afterCall(e *mem.Event) {
	s.did += e.Attributed
	s.unsure += doubt(e)
	if e.End() < s.at {
		return
	}
	s.at = e.End()
	if rssKnown(e) && e.After.Total() > 0 && !e.Noted(mem.NoteNoReturn) {
		swap := s.rss.Swap
		s.rss, s.resKnown = e.After, true
		s.rss.Swap = max(swap, e.After.Swap)
	}
	s.sawHeap(e)
}

// sawHeap takes over the counters that the event carries, if any.
func (s *state) sawHeap(e *mem.Event) {
	if e.Go != (mem.GoCounters{}) {
		s.heap = heap{
			inUse:    clampInt(e.Go.HeapInuse),
			idle:     clampInt(e.Go.HeapFree),
			released: clampInt(e.Go.HeapReleased),
			known:    true,
		}
	}
}

// afterSample takes over what a sample of the target says.
func (s *state) afterSample(p *mem.Sample) {
	newest := p.At.Add(time.Duration(p.Dur)) >= s.at
	s.at = max(s.at, p.At)
	if p.RSS.Total() > 0 && newest {
		s.rss, s.resKnown = p.RSS, true
	}
	if m := p.MemStats; m != nil {
		s.heap = heap{
			inUse:    clampInt(m.HeapInuse),
			idle:     clampInt(m.HeapIdle) - clampInt(m.HeapReleased),
			released: clampInt(m.HeapReleased),
			known:    true,
		}
	}
	if p.Returned != nil {
		s.returned = returned{resident: clampInt(p.Returned.Resident), known: true}
	}
}

// rssKnown reports whether the event's RSS counters are exact.
func rssKnown(e *mem.Event) bool { return !e.Noted(mem.NoteRSSUnknown) }

// measured reports whether what the call did to RES is known.
func measured(e *mem.Event) bool {
	return rssKnown(e) && !e.Noted(mem.NoteNoEntry) && !e.Noted(mem.NoteNoReturn)
}

// doubt is by how many bytes what the call did to RES may differ from what it
// is said to have done.
func doubt(e *mem.Event) int64 {
	if measured(e) && !e.Noted(mem.NoteUnsure) {
		return 0
	}
	if e.Releases() || e.Call == mem.Munmap || e.Call == mem.Mmap && e.MapFlags&mapFixed != 0 {
		return min(clampInt(asked(e)), mostDoubt)
	}
	return 0
}

// mostDoubt keeps sums of lengths that a target passed within int64.
const mostDoubt = 1 << 50
