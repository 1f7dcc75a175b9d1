package timeline

import "whyres/collector/mem"

// totals are what the trace's end tells.
type totals struct {
	begun, end mem.Instant
	sees       bool
	calls      uint64
	folded     uint64
	others     uint64 // calls of other processes than the target
	lost       uint64
	skipped    uint64 // runs of the programs that the kernel left out, host-wide
	gcs        uint64

	releases   uint64 // calls that gave back
	asked      uint64
	left       int64
	lazy       uint64 // of asked: MADV_FREE
	unmeasured uint64
	refused    uint64 // of asked: calls that failed, but for holes in the range
	byWho      map[mem.Who]int64

	firstRES, lastRES, peak int64
	resKnown                bool
	returned                returned
}

func (t *totals) begin(h *mem.Header) {
	t.begun, t.end = h.Mono, h.Mono
	t.sees = h.Attach != ""
	t.byWho = make(map[mem.Who]int64)
}

func (t *totals) call(e *mem.Event, mine bool) {
	t.calls++
	if !mine {
		t.others++
		return
	}
	if rssKnown(e) {
		t.res(e.Before.Total())
		t.res(e.After.Total())
	}
	if !e.Releases() {
		return
	}
	t.releases++
	if e.Failed() && e.Errno != "ENOMEM" && !e.Noted(mem.NoteNoReturn) {
		t.refused = addClamped(t.refused, e.Len)
	}
	t.asked = addClamped(t.asked, e.Len)
	if e.Advice == "MADV_FREE" {
		t.lazy = addClamped(t.lazy, e.Len)
	}
	if !measured(e) {
		t.unmeasured++
	}
	t.left -= e.Attributed
	if t.byWho != nil {
		t.byWho[e.Who] -= e.Attributed
	}
}

func (t *totals) sample(s *mem.Sample) {
	t.res(s.RSS.Total())
	if s.Returned != nil {
		t.returned = returned{resident: clampInt(s.Returned.Resident), known: true}
	}
}

// res follows RES; zero is "not read".
func (t *totals) res(bytes int64) {
	if bytes <= 0 {
		return
	}
	if !t.resKnown {
		t.firstRES, t.resKnown = bytes, true
	}
	t.lastRES = bytes
	t.peak = max(t.peak, bytes)
}
