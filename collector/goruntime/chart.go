package goruntime

import (
	"encoding/binary"
	"fmt"
	"slices"

	"whyres/collector/mem"
)

// chartBitmaps is Go 1.14 and newer: bitmaps tell which pages are allocated and
// which released.
func (t *Target) chartBitmaps(p *plan) error {
	tail, hasTail := t.tailSpan()
	if hasTail {
		p.headSpans = append(p.headSpans, tail...)
	}
	content, err := t.planHeads(p, "pages.inUse.ranges", t.where.off("addrRange"))
	if err != nil {
		return err
	}
	if p.charted, err = t.parseArenas(p.heads[:content]); err != nil {
		return err
	}
	if hasTail {
		if p.tail, err = t.parseTail(p.heads[content:]); err != nil {
			return err
		}
	}
	var ok bool
	if p.arenas, ok = withTail(p.charted, p.tail); !ok {
		return fmt.Errorf("process %d: %w: the tail of its newest arena lies within its heap", t.PID, ErrMismatch)
	}
	if p.index, err = t.readScavengeIndex(); err != nil {
		return err
	}
	if err := t.planChunks(p); err != nil {
		return err
	}
	p.caches, err = t.cacheSpans()
	return err
}

// tailSpan is where mheap_.curArena is: the part of the newest arena that the
// heap has not grown into. In Go 1.14 to 1.16 it is counted as released although
// no bitmap shows it; since 1.17 it is not counted at all (runtime/mheap.go,
// grow).
func (t *Target) tailSpan() ([]span, bool) {
	if t.where.minor > 16 || !t.where.has("mheap_.curArena.base") || !t.where.has("mheap_.curArena.end") {
		return nil, false
	}
	return []span{{t.where.field("mheap_", "curArena.base"), 8}, {t.where.field("mheap_", "curArena.end"), 8}}, true
}

func (t *Target) parseTail(b []byte) (mem.Range, error) {
	tail := mem.Range{
		Start: mem.Addr(binary.LittleEndian.Uint64(b)),
		End:   mem.Addr(binary.LittleEndian.Uint64(b[8:])),
	}
	if tail.Empty() {
		return mem.Range{}, nil
	}
	return tail, t.checkArenas([]mem.Range{tail})
}

// withTail adds the tail to the sorted ranges, joined with its neighbour; false
// if it lies in one of them: they were read at different instants.
func withTail(ranges []mem.Range, tail mem.Range) ([]mem.Range, bool) {
	if tail.Empty() {
		return ranges, true
	}
	for _, r := range ranges {
		if !r.Intersect(tail).Empty() {
			return ranges, false
		}
	}
	return joined(append(slices.Clone(ranges), tail)), true
}

// joined sorts ranges that are apart, and joins neighbours.
func joined(ranges []mem.Range) []mem.Range {
	slices.SortFunc(ranges, func(a, b mem.Range) int {
		if a.Start < b.Start {
			return -1
		}
		return 1
	})
	var out []mem.Range
	for _, r := range ranges {
		if last := len(out) - 1; last >= 0 && out[last].End == r.Start {
			out[last].End = r.End
			continue
		}
		out = append(out, r)
	}
	return out
}

// arenaBytes is runtime.heapArenaBytes on 64-bit Linux.
const arenaBytes = 64 << 20

// chartFreeSpans is Go 1.12 and 1.13: free pages too are in spans, so that all
// pages are pageReserved until readSpans marks them. From 1.13.1 or so on the
// tail of the newest arena (mheap_.curArena) is in no span, and stays so: it is
// counted as released (runtime/mheap.go, grow).
func (t *Target) chartFreeSpans(p *plan) error {
	content, err := t.planHeads(p, "allArenas", 8)
	if err != nil {
		return err
	}
	var arenas []mem.Range
	for b := p.heads[:content]; len(b) >= 8; b = b[8:] {
		index := binary.LittleEndian.Uint64(b)
		if index >= 1<<48/arenaBytes {
			return fmt.Errorf("process %d: %w: arena %d of its heap", t.PID, ErrMismatch, index)
		}
		arenas = append(arenas, mem.RangeAt(mem.Addr(index*arenaBytes+t.where.baseOffset()), arenaBytes))
	}
	p.arenas = joined(arenas)
	return t.checkArenas(p.arenas)
}

// fill gives the pages of a range within one arena a state.
func (m *pageMap) fill(r mem.Range, state pageState) {
	states := m.at(r.Start)
	for i := range states[:min(uint64(len(states)), r.Len()/pageSize)] {
		states[i] = state
	}
}
