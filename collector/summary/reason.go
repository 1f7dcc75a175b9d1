package summary

import (
	"strings"

	"whyres/collector/ledger"
	"whyres/collector/mem"
)

// Reason is a part of RES and why it stays.
type Reason struct {
	// Part is the ledger's leaf, or what several leaves are below of; the
	// first of these where they have nothing in common.
	Part string
	// Words say it in short.
	Words string
	Bytes int64
}

// reason is the largest part of RES. Leaves that stay for the same reason count
// as one; of equals the ledger's first wins.
func (l *Line) reason(s *mem.Sample) Reason {
	var reasons []Reason
	add := func(part, words string, bytes int64) {
		for i := range reasons {
			if reasons[i].Words == words {
				reasons[i].Bytes += bytes
				if bytes > 0 {
					reasons[i].Part = common(reasons[i].Part, part)
				}
				return
			}
		}
		reasons = append(reasons, Reason{part, words, bytes})
	}
	for _, leaf := range leavesOf(&l.Ledger) {
		bytes := leaf.Bytes
		if leaf.ID == ledger.HeapIdle && s.Pages != nil {
			// A ledger that does not divide what is free.
			dense := min(clamp(s.Pages.Dense.Resident), bytes)
			add(leaf.ID+".dense", l.words(s, leaf.ID+".dense"), dense)
			bytes -= dense
		}
		add(leaf.ID, l.words(s, leaf.ID), bytes)
	}
	var most Reason
	for _, r := range reasons {
		if r.Bytes > most.Bytes {
			most = r
		}
	}
	return most
}

// common is what both parts are below of; the first where that is nothing.
func common(a, b string) string {
	for at := a; ; {
		if within(b, at) {
			return at
		}
		dot := strings.LastIndexByte(at, '.')
		if dot < 0 {
			return a
		}
		at = at[:dot]
	}
}

// words say why the part stays. Ids below those that are known here are taken
// for what they are below of.
func (l *Line) words(s *mem.Sample, id string) string {
	for _, known := range [...]struct {
		id    string
		words func(*mem.Sample) string
	}{
		{ledger.HeapLive, plain("live objects")},
		{ledger.HeapGarbage, unmarked},
		{ledger.HeapUnsure, plain("objects, live or not")},
		{ledger.HeapHoles, plain("holes in spans")},
		{ledger.HeapObjects, plain("spans in use")},
		{ledger.HeapIdle + ".dense", unlessLocked("dense chunks until next GC")},
		{ledger.HeapIdle + ".goal", kept},
		{ledger.HeapIdle + ".due", unlessLocked(beingReleased)},
		{ledger.HeapIdle + ".unsure", unlessLocked(notReleased)},
		{ledger.HeapIdle, idle},
		{ledger.HeapReleased + ".lazyfree", plain(offered)},
		{ledger.HeapReleased + ".locked", plain(isLocked)},
		{ledger.HeapReleased + ".huge", plain("back in huge pages")},
		{ledger.HeapReserved, plain("Go runtime's own")},
		{ledger.HeapReleased + ".again", plain(cameBack)},
		{ledger.HeapReleased, released},
		{"heap.reserved", plain("Go runtime's own")},
		{"heap", plain("Go's heap")},
		{"stacks", plain("goroutine stacks")},
		{"runtime", plain("Go runtime's own")},
		{"cgo", plain("not Go's heap")},
		{ledger.Threads, plain("not Go's heap")},
		{"offheap", plain("not Go's heap")},
		{"file", plain("files")},
		{ledger.Shmem, plain("shared memory")},
		{ledger.Anon, plain("anonymous memory")},
	} {
		if within(id, known.id) {
			return known.words(s)
		}
	}
	return id
}

// within reports whether the part is, or is below, the other.
func within(id, parent string) bool {
	return id == parent || strings.HasPrefix(id, parent+".")
}

func plain(words string) func(*mem.Sample) string {
	return func(*mem.Sample) string { return words }
}

func unmarked(s *mem.Sample) string {
	if s.MemStats != nil && s.MemStats.NumGC == 0 {
		return "objects, no GC yet"
	}
	return "objects since last GC"
}

// Words that more than one place says.
const (
	isLocked      = "locked memory"
	belowGoal     = "below the goal"
	beingReleased = "free, being released"
	notReleased   = "free, not released"
	offered       = "MADV_FREE, till memory is short"
	cameBack      = "released, came back"
)

func unlessLocked(words string) func(*mem.Sample) string {
	return func(s *mem.Sample) string {
		if locked(s) {
			return isLocked
		}
		return words
	}
}

// locked: most of Go's heap is.
func locked(s *mem.Sample) bool {
	if s.Pages == nil {
		return false
	}
	h := arenas(s)
	return h.locked > h.rss/2
}

// kept is free memory that the scavenger leaves alone: it has no goal before the
// first GC.
func kept(s *mem.Sample) string {
	switch {
	case locked(s):
		return isLocked
	case s.MemStats != nil && s.MemStats.NumGC == 0:
		return "free, no GC yet"
	}
	return belowGoal
}

// idle is free memory that is in no dense chunk: below one of the scavenger's
// goals, or the scavenger is at it.
func idle(s *mem.Sample) string {
	m := s.MemStats
	switch {
	case locked(s):
		return isLocked
	case m == nil || m.ScavengeGCPercentGoal == 0:
		return notReleased
	case m.NumGC == 0:
		return kept(s)
	}
	retained := m.HeapSys - min(m.HeapReleased, m.HeapSys)
	limited := m.Limited() && m.ScavengeMemoryLimitGoal > 0
	if retained > m.ScavengeGCPercentGoal || limited && m.Sys-min(m.HeapReleased, m.Sys) > m.ScavengeMemoryLimitGoal {
		return beingReleased
	}
	return kept(s)
}

func released(s *mem.Sample) string {
	if s.Pages == nil {
		return cameBack
	}
	h := arenas(s)
	switch {
	case 2*h.lazyFree > clamp(s.Pages.Released.Resident):
		return offered
	case locked(s):
		return isLocked
	}
	return cameBack
}
