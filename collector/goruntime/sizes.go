package goruntime

import (
	"fmt"

	"whyres/collector/goruntime/internal/layout"
)

// maxVariable bounds the pieces read from any variable.
const maxVariable = 1 << 20

// checkSizes refuses a damaged layout: it must not make whyres allocate, nor
// read beyond what it has read of a variable.
func (w *where) checkSizes() error {
	for key, v := range w.layout {
		limit := uint64(maxVariable)
		switch key {
		case "heapArena": // never read whole: 2 MiB until Go 1.19
			limit = 4 << 20
		case "mspan": // read by the thousands
			limit = 1 << 10
		}
		if v > limit {
			return fmt.Errorf("%w: %s at %d is beyond %d bytes", ErrNoLayout, key, v, limit)
		}
	}
	for _, root := range layout.Roots() {
		for _, field := range root.Fields {
			if err := w.checkField(root, layout.Path(field)); err != nil {
				return err
			}
		}
	}
	return nil
}

// checkField: what is read of the field lies within its variable or type.
func (w *where) checkField(root layout.Root, path string) error {
	key := root.Key + "." + path
	off, ok := w.layout[key]
	if size := w.layout[root.Key]; ok && off+w.width(key) > size {
		return fmt.Errorf("%w: %s at %d is beyond its %d bytes", ErrNoLayout, key, off, size)
	}
	return nil
}

// width is how many bytes are read of a field: 8 of most.
func (w *where) width(key string) uint64 {
	switch key {
	case "mspan.state", "mspan.spanclass", "mspan.scavenged", "mspan.isUserArenaChunk":
		return 1
	case "mspan.allocCount", "mspan.nelems", "mspan.freeindex":
		return 2
	case "mspan.sweepgen", "p.id", "p.status", "gcController.gcPercent", "g.atomicstatus",
		"memstats.numgc", "memstats.numforcedgc", "mheap_.pages.scav.index.gen":
		return 4
	case "memstats.pause_end":
		return 8 * ringSize
	case "memstats.heapStats.stats":
		return generations * w.layout["heapStatsDelta"]
	case "pallocData.pallocBits", "pallocData.scavenged":
		return chunkPages / 8
	}
	return 8
}
