package causes

import (
	"fmt"

	"whyres/collector/ledger"
)

// What is normal of the runtime's own memory. Beside what any process has, a
// heap page of 8 KiB has its span's record (160 bytes and more, runtime.mspan), up
// to two bits for each 8 bytes in GC bitmaps (runtime.heapArena.bitmap to Go 1.21),
// mark and allocation bits (two for each object), and its place in the arena's
// tables (8 bytes): together less than an eighth, and far less in most heaps.
const (
	metadataBase  = 4 << 20
	metadataShare = 8
)

// bucketTable is the hash table of profiles' buckets in any process: 179,999
// pointers (runtime.buckHashSize), of which a few buckets touch few pages.
const bucketTable = 179999 * 8

// runtimeMetadata: what the runtime needed at its peak.
func runtimeMetadata() Cause {
	return Cause{
		ID: "runtime-metadata",
		Page: Page{
			What: "the Go runtime's own memory: it stays what it was at the peak, and is never given back",
			Mechanism: "Records of spans, the GC's bitmaps and work buffers, what the network poller keeps for each connection, and the buckets of profiles come from memory " +
				"that the runtime reuses and never returns. So it stays at the size of the largest heap, the most connections and the most places that were ever profiled.",
			Proof: "The runtime counts each kind (MSpanSys and MSpanInuse, BuckHashSys, GCSys, OtherSys). Where these do not tell, whyres takes what is above 4 MiB and an eighth of the heap, which any process may have. " +
				"It is proved for the records of spans that are not in use any more, and for the buckets of profiles, which the runtime counts by themselves; of the rest it is only possible that a peak left it.",
			Remedy: []string{
				"lower the peak: fewer connections, objects and goroutines at a time",
				"a larger runtime.MemProfileRate (512 KiB is the default), or 0, set first thing in main, where the buckets of profiles hold it",
				"a restart",
			},
			Versions: "All.",
			Sources:  []string{"runtime/malloc.go: persistentalloc", "runtime/mfixalloc.go: fixalloc", "runtime/netpoll.go: pollCache", "runtime/mprof.go: stkbucket, buckHashSize", "runtime.MemStats"},
		},
		Find: findRuntimeMetadata,
	}
}

func findRuntimeMetadata(f *Facts) *Finding {
	m := f.Stats()
	buckets, unused := bytesAbove(m.BuckHashSys, bucketTable), bytesAbove(m.MSpanSys, m.MSpanInuse)
	found := &Finding{
		Evidence: []string{fmt.Sprintf("spans' records %s, of which %s are in use; profiles %s; the GC %s; other (the network poller among it) %s",
			size(int64(m.MSpanSys)), size(int64(m.MSpanInuse)), size(int64(m.BuckHashSys)), size(int64(m.GCSys)), size(int64(m.OtherSys)))},
		Remedy: []string{"lower the peak of objects, connections and goroutines; a restart gets rid of it until the next"},
	}
	if known := min(buckets+unused, f.Leaf(ledger.Metadata)); known >= f.Worth() {
		found.Confidence, found.Takes = Proved, []Take{{ledger.Metadata, known}}
		found.Says = "are the runtime's records of spans that the heap had at its peak and has no more: they are never given back"
		if buckets > unused {
			found.Says = "are buckets of profiles: one for each call stack that was seen to allocate or to block, never given back"
			found.Remedy = []string{profileRate(f.Clock().MemProfileRate), "a restart"}
		}
		return found
	}
	above := f.Leaf(ledger.Metadata) - metadataBase - bytesAbove(m.HeapSys, m.HeapReleased)/metadataShare
	if above <= 0 {
		return nil
	}
	found.Confidence, found.Takes = Possible, []Take{{ledger.Metadata, above}}
	found.Says = "are the runtime's own memory above what is usual for this heap: it is kept at the size of a peak, and never given back"
	return found
}

func profileRate(rate int64) string {
	const text = "runtime.MemProfileRate=0, or larger than it is, first thing in main, and no block or mutex profile"
	if rate > 0 {
		return text + fmt.Sprintf(" (it is %d, the default %d)", rate, 512<<10)
	}
	return text
}

// bytesAbove is a - b, not below 0.
func bytesAbove(a, b uint64) int64 { return int64(min(a-min(a, b), 1<<62)) }
