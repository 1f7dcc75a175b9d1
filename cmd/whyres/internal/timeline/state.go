package timeline

import "whyres/collector/mem"

// state is what was known of the target at an instant: RES and the Go heap.
type state struct {
	at       mem.Instant
	rss      mem.RSS
	resKnown bool
	heap     heap
	returned returned
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
// not read carry zeros: no process has a RES of zero.
func (s *state) afterCall(e *mem.Event) {
	s.at = max(s.at, e.End())
	if rssKnown(e) && e.After.Total() > 0 {
		swap := s.rss.Swap
		s.rss, s.resKnown = e.After, true
		s.rss.Swap = max(swap, e.After.Swap)
	}
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
	s.at = max(s.at, p.At)
	if p.RSS.Total() > 0 {
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
func measured(e *mem.Event) bool { return rssKnown(e) && !e.Noted(mem.NoteNoEntry) }
