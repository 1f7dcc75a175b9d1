package goruntime

import "encoding/binary"

// maxQueues bounds the list of span queues.
const maxQueues = 1 << 16

// spanQueues are the rings of the Green Tea GC (Go 1.26+), one or more a P: the
// list of runtime.work.spanSPMCs.
func (o *owned) spanQueues() error {
	w := o.t.where
	for _, field := range []string{"work.spanSPMCs.list.obj", "spanSPMC.allnode.next", "spanSPMC.cap", "spanSPMC.ring"} {
		if !w.has(field) || w.addr["work"] == 0 {
			return nil
		}
	}
	first, err := o.t.memory.word(w.field("work", "spanSPMCs.list.obj"))
	for at, n := first, 0; err == nil && at != 0 && n < maxQueues; n++ {
		var b [20]byte
		err = o.t.memory.read(b[:], []span{
			{at + uint64(w.off("spanSPMC.allnode.next")), 8},
			{at + uint64(w.off("spanSPMC.ring")), 8},
			{at + uint64(w.off("spanSPMC.cap")), 4},
		})
		o.add(binary.LittleEndian.Uint64(b[8:]), 8*uint64(binary.LittleEndian.Uint32(b[16:])))
		if at = binary.LittleEndian.Uint64(b[:]); at == first {
			break
		}
	}
	return err
}

// header adds the array that a slice header in the target stands for, to its
// capacity.
func (o *owned) header(b []byte, element uint64) {
	data, capacity := binary.LittleEndian.Uint64(b), binary.LittleEndian.Uint64(b[16:])
	if capacity < maxOwnSlice/element {
		o.add(data, capacity*element)
	}
}

// summaries are the levels of mheap_.pages.summary: each is reserved for the
// whole address space.
func (o *owned) summaries() error {
	if !o.t.where.has("mheap_.pages.summary") {
		return nil
	}
	var b [24 * summaryLevels]byte
	if err := o.t.memory.read(b[:], []span{{o.t.where.field("mheap_", "pages.summary"), len(b)}}); err != nil {
		return err
	}
	for level := range summaryLevels {
		o.header(b[24*level:], 8)
	}
	return nil
}

// chunks are the second-level tables of mheap_.pages.chunks that the arenas
// have.
func (o *owned) chunks() error {
	w := o.t.where
	if !w.has("mheap_.pages.chunks") {
		return nil
	}
	size := uint64(w.off("pallocData")) << chunksL2Bits
	next := uint64(0)
	for _, arena := range o.arenas {
		last := w.chunkIndex(arena.End-1) >> chunksL2Bits
		for l1 := max(next, w.chunkIndex(arena.Start)>>chunksL2Bits); l1 <= last && l1 < chunksL1; l1++ {
			table, err := o.t.memory.word(w.field("mheap_", "pages.chunks") + 8*l1)
			if err != nil {
				return err
			}
			o.add(table, size)
		}
		next = last + 1
	}
	return nil
}

// slices are mheap_.allspans and the scavenger's index: a bit for each chunk up
// to Go 1.20, then 8 bytes.
func (o *owned) slices() error {
	w := o.t.where
	element := uint64(8)
	if w.minor < 21 {
		element = 1
	}
	for _, s := range []struct {
		field   string
		element uint64
	}{{"allspans", 8}, {"pages.scav.index.chunks", element}} {
		if !w.has("mheap_." + s.field) {
			continue
		}
		var b [24]byte
		if err := o.t.memory.read(b[:], []span{{w.field("mheap_", s.field), len(b)}}); err != nil {
			return err
		}
		o.header(b[:], s.element)
	}
	return nil
}
