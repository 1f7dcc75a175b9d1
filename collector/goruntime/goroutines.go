package goruntime

import (
	"encoding/binary"
	"slices"

	"whyres/collector/mem"
)

// Bounds on goroutines and threads; the runtime itself allows 10,000 threads
// unless told otherwise.
const (
	maxGoroutines = 16 << 20
	maxThreads    = 1 << 17
	gBatch        = 32 << 10
	// gGap is how far apart two records may be to be read as one: no whole page
	// lies between them, so that what is read between them is there.
	gGap = 4 << 10
)

// Statuses of a goroutine (runtime.g.atomicstatus). gDeadExtra (Go 1.26+) is the
// spare of a thread by which C may come in: GCs leave its stack alone.
const (
	gIdle      = 0
	gDead      = 6
	gDeadExtra = 11
	gScan      = 0x1000
)

// readStacks reads whose the stacks are. It is nil where the goroutines' list is
// not known, and where another version's layout stands in: what the runtime
// counts twice proves its heap, but not its g and m. The goroutines run on: what
// they do meanwhile is not seen.
//
// Sources: runtime.allgs; allm with each m's g0 and gsignal.
func (t *Target) readStacks(w *walk) (*stacks, error) {
	_, hasGs := t.where.addr["allgs"]
	if !hasGs || t.where.source == fromNearby || !t.where.has("g") || !t.where.has("g.atomicstatus") {
		return nil, nil
	}
	s := &stacks{uses: make([]uint8, len(w.pages.states))}
	// First the threads': a g0 is no goroutine.
	if err := t.readThreads(w, s); err != nil && !changing(err) {
		return nil, err
	}
	if err := t.readGoroutines(w, s); err != nil {
		if changing(err) {
			return nil, nil
		}
		return nil, err
	}
	return s, nil
}

// gRecord says which part of runtime.g is read: from its stack to its status.
type gRecord struct {
	lo, hi, status int
	size           int
}

func (w *where) gRecord() gRecord {
	r := gRecord{lo: w.off("g.stack.lo"), hi: w.off("g.stack.hi"), status: w.off("g.atomicstatus")}
	r.size = max(r.lo+8, r.hi+8, r.status+4)
	return r
}

// readGoroutines reads every g, many at a time.
func (t *Target) readGoroutines(w *walk, s *stacks) error {
	data, n, err := t.memory.slice(t.where.addr["allgs"], "allgs", maxGoroutines)
	if err != nil {
		return err
	}
	record := t.where.gRecord()
	raw := make([]byte, 8*min(n, gBatch))
	var r gReader
	for at := uint64(0); at < n; at += gBatch {
		count := int(min(n-at, gBatch))
		if err := t.memory.read(raw[:8*count], []span{{data + 8*at, 8 * count}}); err != nil {
			return err
		}
		r.plan(raw[:8*count], record.size, w.pages.holds)
		if err := t.memory.read(r.buf, r.spans); err != nil {
			return err
		}
		for _, at := range r.at {
			s.addGoroutine(&w.pages, record, r.buf[at:])
		}
	}
	return nil
}

// stack is where the record says that its stack is.
func (r gRecord) stack(b []byte) mem.Range {
	return mem.Range{
		Start: mem.Addr(binary.LittleEndian.Uint64(b[r.lo:])),
		End:   mem.Addr(binary.LittleEndian.Uint64(b[r.hi:])),
	}
}

func (s *stacks) addGoroutine(m *pageMap, r gRecord, b []byte) {
	stack := r.stack(b)
	switch status := binary.LittleEndian.Uint32(b[r.status:]) &^ gScan; status {
	case gIdle:
	case gDeadExtra:
		s.add(m, stack, stackSystem)
	case gDead:
		s.dead++
		if stack.Start != 0 {
			s.holding++
			s.add(m, stack, stackDead)
		}
	default:
		s.alive++
		s.add(m, stack, stackLive)
	}
}

// holds reports whether the address lies in a page in use, where goroutines'
// records are: others are not followed.
func (m *pageMap) holds(a mem.Addr) bool {
	page, end := m.pagesFrom(a)
	return page < end && m.states[page] == pageInUse
}

// gReader reads records by their addresses: those near each other in one piece.
type gReader struct {
	ptrs  []uint64
	spans []span
	// at is where each record begins in buf.
	at  []int
	buf []byte
}

// plan sorts the addresses and joins neighbours.
func (r *gReader) plan(raw []byte, size int, holds func(mem.Addr) bool) {
	r.ptrs, r.spans, r.at = r.ptrs[:0], r.spans[:0], r.at[:0]
	for ; len(raw) >= 8; raw = raw[8:] {
		p := binary.LittleEndian.Uint64(raw)
		if p%8 == 0 && holds(mem.Addr(p)) && holds(mem.Addr(p)+mem.Addr(size)) {
			r.ptrs = append(r.ptrs, p)
		}
	}
	slices.Sort(r.ptrs)
	need := 0
	for _, p := range slices.Compact(r.ptrs) {
		if last := len(r.spans) - 1; last >= 0 && p < r.spans[last].addr+uint64(r.spans[last].size)+gGap {
			old := r.spans[last].size
			r.spans[last].size = max(old, int(p-r.spans[last].addr)+size)
			r.at = append(r.at, need-old+int(p-r.spans[last].addr))
			need += r.spans[last].size - old
			continue
		}
		r.at = append(r.at, need)
		r.spans = append(r.spans, span{p, size})
		need += size
	}
	r.buf = slices.Grow(r.buf[:0], need)[:need]
}
