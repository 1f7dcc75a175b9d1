package goruntime

import (
	"encoding/binary"
	"fmt"

	"whyres/collector/mem"
)

// readPageCaches overlays the pages that each P keeps for itself: the bitmaps
// show them as allocated.
func (t *Target) readPageCaches(w *walk) error {
	data, n, err := t.memory.slice(t.where.addr["allp"], "allp", maxPs)
	if err != nil || n == 0 {
		return err
	}
	ptrs := make([]byte, 8*n)
	if err := t.memory.read(ptrs, []span{{data, len(ptrs)}}); err != nil {
		return err
	}
	// base, cache and scav are neighbours.
	at := uint64(t.where.off("p.pcache.base"))
	spans := make([]span, 0, n)
	for ; len(ptrs) >= 8; ptrs = ptrs[8:] {
		if p := binary.LittleEndian.Uint64(ptrs); p != 0 {
			spans = append(spans, span{p + at, 24})
		}
	}
	buf := make([]byte, 24*len(spans))
	if err := t.memory.read(buf, spans); err != nil {
		return err
	}
	cacheAt, scavAt := t.where.off("p.pcache.cache")-int(at), t.where.off("p.pcache.scav")-int(at)
	if cacheAt < 0 || cacheAt > 16 || scavAt < 0 || scavAt > 16 {
		return fmt.Errorf("process %d: %w: runtime.pageCache is not three words", t.PID, ErrMismatch)
	}
	for ; len(buf) >= 24; buf = buf[24:] {
		base := mem.Addr(binary.LittleEndian.Uint64(buf))
		free := binary.LittleEndian.Uint64(buf[cacheAt:])
		scav := binary.LittleEndian.Uint64(buf[scavAt:])
		if !w.pages.markCache(base, free, scav) {
			w.torn = true
		}
	}
	return nil
}
