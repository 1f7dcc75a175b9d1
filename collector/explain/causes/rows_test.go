package causes

import "testing"

// The rows of the catalogue that the project began with, by the names of their
// causes: none has been forgotten.
func TestRows(t *testing.T) {
	rows := [...]string{
		1: "gc-clock", "old-scavenger", "goal-met", "gogc-off", "madv-free", "khugepaged-refill", "forced-huge-pages",
		"nohugepage-heuristic", "thp-rounding", "partial-huge-page", "live-heap", "goroutine-leak", "dead-goroutines",
		"grown-stacks", "fragmentation", "large-os-pages", "map-buckets", "pool-buffers", "cgo-heap", "thread-stacks",
		"offheap-mmap", "file-mappings", "locked-memory", "madvise-refused", "page-tables", "runtime-metadata",
		"zeroed-fresh-memory", "inexact-rss", "container-metric", "limit-excludes-native", "limit-storm", "refault-churn",
		"known-regression", "virt-not-res", "instrumented-build", "swapped", "calls-without-effect",
	}
	if len(rows) != 38 {
		t.Fatalf("%d rows", len(rows)-1)
	}
	for row, id := range rows[1:] {
		if _, ok := ByID(id); !ok {
			t.Errorf("row %d: there is no cause %s", row+1, id)
		}
	}
}
