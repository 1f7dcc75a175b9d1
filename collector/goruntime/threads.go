package goruntime

import (
	"encoding/binary"

	"whyres/collector/mem"
)

// maxThreadStack bounds what is believed of a thread's stack.
const maxThreadStack = 1 << 30

// readThreads gives the runtime's threads their stacks: that of g0, on which the
// runtime's own code runs, and the signal handler's. Those outside the arenas
// are C's. Without cgo only the first thread has one there, which the kernel
// made ([stack]): it is not told.
func (t *Target) readThreads(w *walk, s *stacks) error {
	addr, ok := t.where.addr["allm"]
	if !ok || !t.where.has("m.alllink") {
		return nil
	}
	gs, err := t.threadGs(addr)
	if err != nil {
		return err
	}
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
		if _, in := w.pages.arena(stack.Start); in {
			s.add(&w.pages, stack, stackSystem)
		} else if !stack.Empty() && stack.Len() <= maxThreadStack {
			outside = append(outside, stack)
		}
	}
	if t.Binary.Cgo || len(outside) > 1 {
		s.outside = apart(outside, w.arenas)
	}
	return nil
}

// threadGs are the addresses of g0 and gsignal of every m in the list.
func (t *Target) threadGs(allm uint64) (gs []uint64, err error) {
	m, err := t.memory.word(allm)
	for n := 0; err == nil && m != 0 && n < maxThreads; n++ {
		at := func(field string) span { return span{m + uint64(t.where.off("m."+field)), 8} }
		var b [24]byte
		err = t.memory.read(b[:], []span{at("g0"), at("gsignal"), at("alllink")})
		for _, word := range [][]byte{b[:8], b[8:16]} {
			if g := binary.LittleEndian.Uint64(word); g != 0 {
				gs = append(gs, g)
			}
		}
		m = binary.LittleEndian.Uint64(b[16:])
	}
	return gs, err
}
