package goruntime

import (
	"encoding/binary"
	"fmt"
	"os"
	"slices"

	"whyres/collector/mem"
)

// Bounds on one reading call: the rows of span structs are read and looked
// through piece by piece, everything else comes with the first piece.
const (
	rowBytes  = 256 << 10
	passBytes = 4 << 20
	// spanClaims is how many times over the spans may claim the heap's pages:
	// some are told twice when they change hands while they are read.
	spanClaims = 2
)

// pass is one reading of a plan's tables: the counters before and after them,
// the bitmaps and caches, and what was kept of the spans.
type pass struct {
	before, after light
	// steady: the heads did not change meanwhile.
	steady                  bool
	entries, chunks, caches []byte
	spans                   []heapSpan
	// read is how many bytes it took.
	read int
}

// readPass reads everything in the plan, in one system call where it is little
// enough.
func (t *Target) readPass(p *plan) (*pass, error) {
	got := &pass{spans: make([]heapSpan, 0, p.spans)}
	layout := t.spanLayout()
	after := slices.Concat(t.light.spans, p.headSpans)
	var scratch []byte
	for before, rows := slices.Concat(t.light.spans, p.entries, p.chunks, p.caches), p.rows; ; before = nil {
		piece, rest := takeRows(rows, max(1, maxIovecs-len(before)-len(after)))
		calls := slices.Concat(before, piece)
		if len(rest) == 0 {
			calls = append(calls, after...)
		}
		buf := slices.Grow(scratch[:0], total(calls))[:total(calls)]
		if err := t.memory.read(buf, calls); err != nil {
			return nil, err
		}
		got.read += len(buf)
		if before != nil {
			got.takeBefore(t, p, buf)
		} else {
			scratch = buf // of the first call more is looked at than the spans
		}
		left := buf[total(before):]
		for _, row := range piece {
			got.spans = layout.append(got.spans, left[:row.size])
			left = left[row.size:]
		}
		if rows = rest; len(rows) == 0 {
			got.after = light{w: t.where, plan: &t.light, buf: left[:t.light.size]}
			got.steady = p.holds(left[t.light.size:])
			return got, got.check(t)
		}
	}
}

// takeRows splits off as many rows as one call may read.
func takeRows(rows []span, room int) (piece, rest []span) {
	size := 0
	for n, row := range rows {
		if n == room || size+row.size > passBytes {
			return rows[:n], rows[n:]
		}
		size += row.size
	}
	return rows, nil
}

func (got *pass) takeBefore(t *Target, p *plan, buf []byte) {
	take := func(n int) (b []byte) {
		b, buf = buf[:n:n], buf[n:]
		return b
	}
	got.before = light{w: t.where, plan: &t.light, buf: take(t.light.size)}
	got.entries = take(total(p.entries))
	got.chunks = take(total(p.chunks))
	got.caches = take(total(p.caches))
}

func (got *pass) check(t *Target) error {
	for _, l := range []light{got.before, got.after} {
		if err := t.checkIdentity(l.word("spanstat"), l.word("cachestat")); err != nil {
			return err
		}
	}
	return nil
}

// mark turns what was read into the state of every page.
func (w *walk) mark(t *Target, p *plan, got *pass) error {
	w.pages = newPageMap(p.arenas)
	for _, a := range p.arenas {
		w.pages.fill(a, pageReserved)
	}
	w.markChunks(t.where, p, got)
	w.index, w.charted, w.entries = p.index, p.charted, got.entries
	if err := w.markCaches(t, got.caches); err != nil {
		return err
	}
	w.markSpans(got.spans)
	w.sum = w.pages.sums()
	return nil
}

// markChunks marks every page by the chunks' bitmaps.
func (w *walk) markChunks(at *where, p *plan, got *pass) {
	size := at.off("pallocData")
	alloc, scavenged := at.off("pallocData.pallocBits"), at.off("pallocData.scavenged")
	chunks, entries := got.chunks, got.entries
	for _, arena := range p.charted {
		for start := arena.Start; start < arena.End; start += chunkBytes {
			dense := false
			if len(entries) >= 8 {
				dense = heldDense(binary.LittleEndian.Uint64(entries), p.index.gen)
				entries = entries[8:]
			}
			w.pages.markChunk(start, chunks[alloc:], chunks[scavenged:], dense)
			chunks = chunks[size:]
		}
	}
}

// markCaches overlays the pages that each P keeps for itself: the bitmaps show
// them as allocated.
func (w *walk) markCaches(t *Target, buf []byte) error {
	if len(buf) == 0 {
		return nil
	}
	at := t.where.off("p.pcache.base")
	cacheAt, scavAt := t.where.off("p.pcache.cache")-at, t.where.off("p.pcache.scav")-at
	if cacheAt < 0 || cacheAt > 16 || scavAt < 0 || scavAt > 16 {
		return fmt.Errorf("process %d: %w: runtime.pageCache is not three words", t.PID, ErrMismatch)
	}
	for ; len(buf) >= cacheBytes; buf = buf[cacheBytes:] {
		base := mem.Addr(binary.LittleEndian.Uint64(buf))
		free := binary.LittleEndian.Uint64(buf[cacheAt:])
		scav := binary.LittleEndian.Uint64(buf[scavAt:])
		if !w.pages.markCache(base, free, scav) {
			w.contradicted += pageSize
		}
	}
	return nil
}

// markSpans overlays the spans and adds up their objects. They were read after
// the bitmaps: where the two contradict each other the span holds. Of spans that
// overlap only the first is kept, the other is left out, objects and all. A page
// is in one span: where all together claim twice the pages that there are, the
// pass is given up, or the claims of a hostile target would cost spans x pages.
func (w *walk) markSpans(spans []heapSpan) {
	kept := spans[:0]
	pages := uint64(len(w.pages.states))
	claimed := uint64(0)
	for _, s := range spans {
		if claimed += min(uint64(s.npages), pages); claimed > spanClaims*pages {
			w.endless = true
			w.contradicted = max(w.contradicted, pages*pageSize)
			break
		}
		marked, wrong := w.pages.markSpan(s.start, uint64(s.npages), s.state)
		w.contradicted += wrong * pageSize
		if marked && s.state == pageReleased {
			w.pages.keepParts(s.start, uint64(s.npages))
		}
		if marked && s.state == pageInUse {
			kept = append(kept, s)
			w.objects += uint64(s.objects)
			w.allocated += s.allocated()
		}
	}
	w.spans = kept
}

// keepParts makes idle what a scavenged free span (Go 1.12 and 1.13) has of the
// kernel's pages that are larger than the runtime's: only whole ones are
// released (mspan.physPageBounds).
func (m *pageMap) keepParts(start mem.Addr, npages uint64) {
	page := mem.Addr(max(os.Getpagesize(), pageSize))
	end := start + mem.Addr(npages*pageSize)
	first, last := (start+page-1)&^(page-1), end&^(page-1)
	if first >= last {
		first, last = end, end
	}
	m.fill(mem.Range{Start: start, End: first}, pageIdle)
	m.fill(mem.Range{Start: last, End: end}, pageIdle)
}
