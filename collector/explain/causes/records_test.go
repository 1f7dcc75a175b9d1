package causes

import (
	"runtime"
	"testing"

	"whyres/collector/mem"
)

// The runtime's own count by size class tells how large the records of new
// goroutines are, for the release that builds this test.
func TestRecordSize(t *testing.T) {
	if runtime.GOARCH != "amd64" {
		t.Skip("known for amd64 only")
	}
	f := &Facts{Host: mem.Host{Arch: runtime.GOARCH}, Process: mem.Process{GoVersion: runtime.Version()}, Sample: &mem.Sample{}}
	const goroutines = 1000
	made := mallocs(func() {
		for range goroutines {
			go func() { select {} }() // for ever: the records of those that end are used again
		}
	})
	for size, n := range made {
		if many := n > goroutines*9/10; size > 256 && many != (int64(size) == f.recordSize()) {
			t.Errorf("%d objects of %d bytes for %d goroutines: their records are thought to be of %d", n, size, goroutines, f.recordSize())
		}
	}
}

// mallocs counts what do allocates, by size class.
func mallocs(do func()) map[uint32]uint64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	do()
	runtime.ReadMemStats(&after)
	made := map[uint32]uint64{}
	for i := range after.BySize {
		made[after.BySize[i].Size] = after.BySize[i].Mallocs - before.BySize[i].Mallocs
	}
	return made
}
