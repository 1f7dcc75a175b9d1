package goruntime

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"slices"

	"whyres/collector/mem"
)

// plan says where the tables lie that a pass reads, so that the pass itself is
// nothing but reading: the shorter it is, the less the runtime changes meanwhile.
type plan struct {
	// heads are the list of arenas and the slice headers of the tables, as they
	// were: a pass during which they changed has missed something.
	heads     []byte
	headSpans []span
	// arenas are the heap; charted those parts that have bitmaps; tail the part
	// that is counted, but neither has a bitmap nor is in a span.
	arenas, charted []mem.Range
	tail            mem.Range
	index           scavengeIndex
	// entries are the arenas' parts of the scavenge index; none for a runtime
	// that has no rule of density. chunks are the arenas' bitmaps.
	entries, chunks []span
	caches          []span
	// rows are the span structs, neighbours joined, for the first spans entries
	// of allspans.
	rows  []span
	spans uint64
	// unset: an entry of allspans was not filled in yet.
	unset bool
}

// newPlan looks the tables up. What an older plan knows of allspans still holds:
// entries are only ever added (runtime.recordspan).
func (t *Target) newPlan(old *plan) (*plan, error) {
	p := &plan{}
	if err := t.era.chart(t, p); err != nil {
		return nil, err
	}
	return p, t.planRows(p, old)
}

// planHeads reads the heads: first the content of the slice in mheap_ that lists
// the arenas, last the headers of allspans and allp. It returns the length of
// the content.
func (t *Target) planHeads(p *plan, list string, element int) (content int, err error) {
	at := t.where.field("mheap_", list)
	data, n, err := t.memory.slice(at, "mheap_."+list, maxRanges)
	if err != nil {
		return 0, err
	}
	content = int(n) * element
	var first []span
	if content > 0 {
		first = []span{{data, content}}
	}
	p.headSpans = slices.Concat(first, p.headSpans,
		[]span{{at, 16}, {t.where.field("mheap_", "allspans"), 16}, {t.where.addr["allp"], 16}})
	p.heads = make([]byte, total(p.headSpans))
	return content, t.memory.read(p.heads, p.headSpans)
}

// total is the length of the spans in bytes.
func total(spans []span) (n int) {
	for _, s := range spans {
		n += s.size
	}
	return n
}

// planChunks finds the bitmaps and the scavenge index's entries of each arena.
func (t *Target) planChunks(p *plan) error {
	size := t.where.off("pallocData")
	if t.where.off("pallocData.scavenged")+chunkPages/8 > size {
		return fmt.Errorf("process %d: %w: pallocData of %d bytes", t.PID, ErrMismatch, size)
	}
	for _, arena := range p.charted {
		spans, err := t.chunkSpans(arena, size)
		if err != nil {
			return err
		}
		p.chunks = append(p.chunks, spans...)
		if p.index.n == 0 {
			continue
		}
		entries, err := t.indexSpan(p.index, t.where.chunkIndex(arena.Start), arena.Len()/chunkBytes)
		if err != nil {
			return err
		}
		p.entries = append(p.entries, entries)
	}
	return nil
}

// planRows reads allspans.
func (t *Target) planRows(p, old *plan) error {
	head := p.heads[len(p.heads)-32:]
	data, n := binary.LittleEndian.Uint64(head), binary.LittleEndian.Uint64(head[8:])
	if most := p.maxSpans(); n > most {
		return fmt.Errorf("process %d: mheap_.allspans has %d entries, more than %d: %w", t.PID, n, most, ErrHeapTooLarge)
	}
	at := uint64(0)
	if old != nil && !old.unset && old.spans <= n {
		p.rows, at = old.rows, old.spans
	}
	ptrs := make([]byte, 8*spanBatch)
	for ; at < n; at += spanBatch {
		count := int(min(n-at, spanBatch))
		if err := t.memory.read(ptrs[:8*count], []span{{data + 8*at, 8 * count}}); err != nil {
			return err
		}
		p.addRows(ptrs[:8*count], t.where.off("mspan"))
	}
	p.spans = n
	return nil
}

// Bounds on allspans: it keeps spans that are free now, so that it can have more
// than the heap has pages, but not many times more.
const (
	leastMaxSpans = 1 << 20
	spansOfPage   = 4
)

// maxSpans is how many spans are believed of a heap of this size.
func (p *plan) maxSpans() uint64 {
	pages := uint64(0)
	for _, a := range p.arenas {
		pages += a.Len() / pageSize
	}
	return min(maxSpans, max(leastMaxSpans, spansOfPage*pages))
}

// addRows turns pointers to structs of the size into rows: span structs are
// allocated in rows. One that follows itself is left out.
func (p *plan) addRows(ptrs []byte, size int) {
	for ; len(ptrs) >= 8; ptrs = ptrs[8:] {
		at := binary.LittleEndian.Uint64(ptrs)
		if at == 0 {
			p.unset = true
			continue
		}
		if last := len(p.rows) - 1; last >= 0 && p.rows[last].addr+uint64(p.rows[last].size-size) == at {
			continue
		}
		if last := len(p.rows) - 1; last >= 0 && p.rows[last].addr+uint64(p.rows[last].size) == at && p.rows[last].size+size <= rowBytes {
			p.rows[last].size += size
			continue
		}
		p.rows = append(p.rows, span{at, size})
	}
}

// holds reports whether the heads are still what the plan was made from.
func (p *plan) holds(heads []byte) bool { return bytes.Equal(heads, p.heads) }
