package goruntime

import (
	"encoding/binary"
	"errors"
	"slices"

	"whyres/collector/mem"
)

// Bounds on goroutines and threads; the runtime itself allows 10,000 threads
// unless told otherwise.
const (
	maxGoroutines = 16 << 20
	maxThreads    = 1 << 17
	gBatch        = 32 << 10
	// stacksTries is how often the lists are read where they are replaced
	// meanwhile.
	stacksTries = 3
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

// readStacks reads whose the stacks are. It is nil where the list of goroutines
// or that of threads is not known or not to be read: what is nobody's cannot be
// told then; and where another version's layout stands in: what the runtime
// counts twice proves its heap, but not its g and m. The goroutines run on: what
// they do meanwhile is not seen.
//
// Sources: runtime.allgs; allm with each m's g0 and gsignal.
func (t *Target) readStacks(w *walk) (*stacks, error) {
	if t.where.source == fromNearby || !t.where.knowsStacks() {
		return nil, nil
	}
	for range stacksTries {
		s := newStacks(&w.pages)
		// First the threads': a g0 is no goroutine.
		err := t.readThreads(w, s)
		if err == nil {
			err = t.readGoroutines(w, s)
		}
		switch {
		case err == nil:
			return s, nil
		case errors.Is(err, errEndless):
			return nil, nil
		case !changing(err):
			return nil, err
		}
	}
	return nil, nil
}

// knowsStacks reports whether the lists of goroutines and threads are known, and
// what of their records is read.
func (w *where) knowsStacks() bool {
	for _, variable := range []string{"allgs", "allm"} {
		if _, ok := w.addr[variable]; !ok {
			return false
		}
	}
	for _, key := range []string{"g.stack.lo", "g.stack.hi", "g.atomicstatus", "m.alllink", "m.g0", "m.gsignal", "m.curg"} {
		if !w.has(key) {
			return false
		}
	}
	return true
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
		for i, at := range r.at {
			if err := s.addGoroutine(&w.pages, record, r.ptrs[i], r.buf[at:]); err != nil {
				return err
			}
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

// addGoroutine adds the g at the address. A dead one that an m holds on to is the
// spare of a thread by which C may come in, up to Go 1.25, where such have no
// status of their own: no GC frees its stack (runtime.oneNewExtraM).
func (s *stacks) addGoroutine(m *pageMap, r gRecord, g uint64, b []byte) error {
	stack := r.stack(b)
	status := binary.LittleEndian.Uint32(b[r.status:]) &^ gScan
	if status == gDead && s.current[g] {
		status = gDeadExtra
	}
	switch status {
	case gIdle:
		return nil
	case gDeadExtra:
		return s.add(m, stack, stackSystem)
	case gDead:
		s.dead++
		if stack.Start == 0 {
			return nil
		}
		s.holding++
		return s.add(m, stack, stackDead)
	default:
		s.alive++
		return s.add(m, stack, stackLive)
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
	// at is where the record of each of ptrs begins in buf.
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
	r.ptrs = slices.Compact(r.ptrs)
	need := 0
	for _, p := range r.ptrs {
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
