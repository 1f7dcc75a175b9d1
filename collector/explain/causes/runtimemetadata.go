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

// runtimeMetadata: what the runtime needed at its peak.
func runtimeMetadata() Cause {
	return Cause{
		ID: "runtime-metadata",
		Page: Page{
			What: "the Go runtime's own memory: it stays what it was at the peak, and is never given back",
			Mechanism: "Records of spans, the GC's bitmaps and work buffers, and what the network poller keeps for each connection come from memory " +
				"that the runtime reuses and never returns. So it stays at the size of the largest heap and the most connections that there ever were.",
			Proof: "The runtime counts each kind (MSpanSys and MSpanInuse, GCSys, OtherSys). It is proved for the records of spans that are not in use any more. " +
				"Where these are few, whyres takes what is above 4 MiB and an eighth of the heap, which any process may have: that a peak left it is only possible. " +
				"The buckets of profiles (BuckHashSys) are left out: they are not a peak's, but a profile's.",
			Remedy: []string{
				"lower the peak: fewer connections, objects and goroutines at a time; fewer and larger objects need fewer spans",
				"a restart",
			},
			Versions: "All.",
			Sources:  []string{"runtime/malloc.go: persistentalloc", "runtime/mfixalloc.go: fixalloc", "runtime/netpoll.go: pollCache", "runtime.MemStats"},
		},
		Find: findRuntimeMetadata,
	}
}

func findRuntimeMetadata(f *Facts) *Finding {
	m := f.Stats()
	found := &Finding{
		Evidence: []string{fmt.Sprintf("spans' records %s, of which %s are in use; the GC %s; other (the network poller among it) %s; profiles, which are not counted here, %s",
			size(int64(m.MSpanSys)), size(int64(m.MSpanInuse)), size(int64(m.GCSys)), size(int64(m.OtherSys)), size(int64(m.BuckHashSys)))},
		Remedy: []string{"lower the peak of objects, connections and goroutines; a restart gets rid of it until the next"},
	}
	if unused := min(bytesAbove(m.MSpanSys, m.MSpanInuse), f.Leaf(ledger.Metadata)); unused >= f.Worth() {
		found.Confidence, found.Takes = Proved, []Take{{ledger.Metadata, unused}}
		found.Says = "are the runtime's records of spans that the heap had at its peak and has no more: they are never given back"
		return found
	}
	usual := metadataBase + bytesAbove(m.HeapSys, m.HeapReleased)/metadataShare + bytesAbove(m.BuckHashSys, 0)
	above := f.Leaf(ledger.Metadata) - usual
	if above <= 0 {
		return nil
	}
	found.Confidence, found.Takes = Possible, []Take{{ledger.Metadata, above}}
	found.Says = "are the runtime's own memory above what is usual for this heap: it is kept at the size of a peak, and never given back"
	return found
}

// bytesAbove is a - b, not below 0.
func bytesAbove(a, b uint64) int64 { return int64(min(a-min(a, b), 1<<60)) }
