package goruntime

import (
	"encoding/binary"
	"fmt"
)

// heapKeys are the fields that tell mheap_.
var heapKeys = []string{
	"mheap_", "mheap_.spanalloc.size", "mheap_.spanalloc.arg", "mheap_.spanalloc.stat", "mheap_.cachealloc.stat",
	"mheap_.specialfinalizeralloc.stat", "mheap_.specialprofilealloc.stat", "mspan",
	"memstats", "memstats.mspan_sys", "memstats.mcache_sys", "memstats.other_sys",
}

// findHeap finds runtime.mheap_ by what mheap.init (runtime/mheap.go) has put
// there, the same from Go 1.12 to 1.27: its allocator of spans has the address
// of mheap_ itself as an argument and the size of a span, and its allocators
// point to the counters of memstats that they add to. That tells memstats too.
func (s *search) findHeap() error {
	if err := s.need(heapKeys...); err != nil {
		return err
	}
	var places []uint64
	arg := s.where.layout["mheap_.spanalloc.arg"]
	err := s.scan(func(at uint64, piece []byte) error {
		for i := 0; i+8 <= len(piece); i += 8 {
			if v := binary.LittleEndian.Uint64(piece[i:]); v == at+uint64(i)-arg {
				places = append(places, v)
			}
		}
		if len(places) > maxHeaps {
			return fmt.Errorf("%w: %w", ErrNotFound, errTooMuch)
		}
		return nil
	})
	if err != nil {
		return err
	}
	var heaps, stats []uint64
	for _, at := range sortedSet(places) {
		memstats, ok, err := s.heapAt(at)
		if err != nil {
			return err
		}
		if ok {
			heaps, stats = append(heaps, at), append(stats, memstats)
		}
	}
	if err := s.place("mheap_", heaps); err != nil {
		return err
	}
	return s.place("memstats", stats)
}

func (s *search) heapAt(at uint64) (memstats uint64, ok bool, err error) {
	off := func(key string) uint64 { return s.where.layout[key] }
	if !s.isData(at, off("mheap_")) {
		return 0, false, nil
	}
	var addrs []uint64
	for _, key := range heapKeys[1:7] {
		addrs = append(addrs, at+off(key))
	}
	v, err := s.words(addrs...)
	if err != nil {
		return 0, false, err
	}
	size, arg, spanStat, cacheStat, finalizerStat, profileStat := v[0], v[1], v[2], v[3], v[4], v[5]
	memstats = spanStat - off("memstats.mspan_sys")
	other := memstats + off("memstats.other_sys")
	ok = arg == at && size == off("mspan") && s.isData(memstats, off("memstats")) &&
		cacheStat == memstats+off("memstats.mcache_sys") && finalizerStat == other && profileStat == other
	return memstats, ok, nil
}
