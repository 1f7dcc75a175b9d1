package goruntime

import (
	"encoding/binary"
	"fmt"

	"whyres/collector/mem"
)

// maxThreadStack bounds what is believed of a thread's stack.
const maxThreadStack = 1 << 30

// readThreads gives the runtime's threads their stacks: that of g0, on which the
// runtime's own code runs, and the signal handler's. Those outside the arenas
// are C's. Without cgo only the first thread has one there, which the kernel
// made ([stack]): it is not told.
func (t *Target) readThreads(w *walk, s *stacks) error {
	gs, current, err := t.threadGs(t.where.addr["allm"])
	if err != nil {
		return err
	}
	s.current = current
	record := t.where.gRecord()
	spans := make([]span, 0, len(gs))
	for _, g := range gs {
		spans = append(spans, span{g, record.size})
	}
	buf := make([]byte, total(spans))
	if err := t.memory.read(buf, spans); err != nil {
		return err
	}
	var outside []mem.Range
	for ; len(buf) >= record.size; buf = buf[record.size:] {
		stack := record.stack(buf)
		if stack.Start == 0 {
			continue // a thread of C's that has not begun: only a size is there (runtime.mstart0)
		}
		if _, in := w.pages.arena(stack.Start); in {
			if err := s.add(&w.pages, stack, stackSystem); err != nil {
				return err
			}
		} else if !stack.Empty() && stack.Len() <= maxThreadStack {
			outside = append(outside, stack)
		}
	}
	if t.Binary.Cgo || len(outside) > 1 {
		s.outside = apart(outside, w.arenas)
	}
	return nil
}

// threadGs are the addresses of g0 and gsignal of every m in the list, and of
// each one's curg. A list that comes back to an m, or is longer than any, is
// errEndless.
func (t *Target) threadGs(allm uint64) (gs []uint64, current map[uint64]bool, err error) {
	current = map[uint64]bool{}
	seen := map[uint64]bool{}
	m, err := t.memory.word(allm)
	for err == nil && m != 0 {
		if seen[m] || len(seen) == maxThreads {
			return nil, nil, fmt.Errorf("process %d: the list of %d threads: %w", t.PID, len(seen), errEndless)
		}
		seen[m] = true
		at := func(field string) span { return span{m + uint64(t.where.off("m."+field)), 8} }
		var b [32]byte
		err = t.memory.read(b[:], []span{at("g0"), at("gsignal"), at("curg"), at("alllink")})
		for _, word := range [][]byte{b[:8], b[8:16]} {
			if g := binary.LittleEndian.Uint64(word); g != 0 {
				gs = append(gs, g)
			}
		}
		current[binary.LittleEndian.Uint64(b[16:])] = true
		m = binary.LittleEndian.Uint64(b[24:])
	}
	return gs, current, err
}
