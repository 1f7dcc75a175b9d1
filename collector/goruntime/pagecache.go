package goruntime

import "encoding/binary"

// cacheBytes is the size of runtime.pageCache: base, cache and scav.
const cacheBytes = 24

// cacheSpans is where each P keeps its pages (runtime.p.pcache).
func (t *Target) cacheSpans() ([]span, error) {
	data, n, err := t.memory.slice(t.where.addr["allp"], "allp", maxPs)
	if err != nil || n == 0 {
		return nil, err
	}
	ptrs := make([]byte, 8*n)
	if err := t.memory.read(ptrs, []span{{data, len(ptrs)}}); err != nil {
		return nil, err
	}
	at := uint64(t.where.off("p.pcache.base"))
	spans := make([]span, 0, n)
	for ; len(ptrs) >= 8; ptrs = ptrs[8:] {
		if p := binary.LittleEndian.Uint64(ptrs); p != 0 {
			spans = append(spans, span{p + at, cacheBytes})
		}
	}
	return spans, nil
}
