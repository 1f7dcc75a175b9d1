package ledger

import (
	"fmt"

	"whyres/collector/mem"
)

// division is what no owner has of unnamed anonymous memory in two: the Go
// runtime's own, and what the program or C mapped.
type division struct {
	own, offHeap         int64
	ownWhat, offHeapWhat string
}

// divide tells the two apart: where the runtime's tables located its own, by
// what these leave of its counters; else by what a trace saw the program map, or
// by the counters alone. A
// mapping that is longer than all that is left is none of the runtime's, and
// of the shorter ones at most as much is. The kernel may join neighbours into
// one mapping: the division is then off, by at most what is left.
func (b *builder) divide(h *holdings) division {
	unnamed := h.class[classAnon]
	if b.sample.MemStats == nil {
		return division{offHeapWhat: "not told from the Go runtime's own memory", ownWhat: "; not told from what the program mapped"}
	}
	counted := clamp(ownSys(b.sample.MemStats))
	// Work buffers are counted, but lie in the arenas.
	most := max(0, counted-clamp(b.sample.Pages.Manual.Bytes)-h.class[classRuntime]-h.counted())
	longest := counted
	if h.told {
		longest = most
	}
	own := min(h.short(uint64(longest)), most)
	d := division{own: own, offHeap: unnamed - own}
	if h.told {
		d.offHeapWhat = whatOffHeap
		if own > 0 {
			d.ownWhat = fmt.Sprintf("; located by its tables, but for %s: an estimate, at most what they do not locate of the %s that it counts", Size(own), Size(counted))
			d.offHeapWhat += fmt.Sprintf("; at least: an estimate counts %s more as the Go runtime's own", Size(own))
		}
		return d
	}
	d.ownWhat = fmt.Sprintf("; at most, by its counters of %s: short mappings of the program count here too", Size(counted))
	d.offHeapWhat = fmt.Sprintf("%s: anonymous mappings longer than the %s that the Go runtime counts for itself, and what of the others exceeds that",
		whatOffHeap, Size(counted))
	return d
}

// short is what is resident in the remainders that may be the runtime's: no
// longer than the most that it has mapped for itself.
func (h *holdings) short(most uint64) (sum int64) {
	for _, r := range h.anon {
		if !isLong(r, most) {
			sum += clamp(r.resident)
		}
	}
	return sum
}

// arenaIndex is a mapping of the Go runtime's that it does not count: the table
// of arenas (runtime.mheap.arenas, 1<<22 pointers on 64-bit Linux), of which
// only some pages are ever touched.
const arenaIndex = 32 << 20

// counted is what of the located memory the runtime's counters hold.
func (h *holdings) counted() int64 {
	if h.located >= arenaIndex {
		return h.located - arenaIndex
	}
	return h.located
}

// isLong: more than the Go runtime can have mapped for itself. Where its table
// of arenas may be part of the mapping, what is resident decides.
func isLong(r remainder, most uint64) bool {
	if r.bytes >= arenaIndex {
		return r.resident > most
	}
	return r.bytes > most
}

// ownSys is what the Go runtime has mapped for itself, by its own counters.
func ownSys(m *mem.MemStats) uint64 {
	return min(m.MSpanSys, 1<<50) + min(m.MCacheSys, 1<<50) + min(m.GCSys, 1<<50) + min(m.OtherSys, 1<<50) + min(m.BuckHashSys, 1<<50)
}
