package layout

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Layout gives the offset in bytes of each field within its variable or type,
// keyed by Root.Key and the dotted path of the field ("mheap_.pages.chunks"),
// and each root's size under Root.Key alone ("mspan"). An absent key means that
// this version of the runtime has no such field.
type Layout map[string]uint64

// Root is a variable or type of package runtime whose fields are wanted.
type Root struct {
	// Key begins the names of its fields in a Layout.
	Key string
	// Var is the linker's name of the variable, "" for a bare type.
	Var string
	// Type is the DWARF name of a bare type; a variable's type is its own.
	Type string
	// Fields are dotted paths. Those that end in ? do not exist in every
	// version.
	Fields []string
}

// Roots lists everything that whyres reads, for Go 1.19 and newer.
func Roots() []Root {
	return []Root{
		{Key: "gcController", Var: "runtime.gcController", Fields: []string{
			"gcPercent", "memoryLimit", "gcPercentHeapGoal", "sweepDistMinTrigger", "triggered",
			"heapMarked", "heapInUse", "heapReleased", "heapFree", "totalAlloc", "totalFree", "mappedReady",
		}},
		{Key: "memstats", Var: "runtime.memstats", Fields: []string{
			"heapStats.stats", "stacks_sys", "mspan_sys", "mcache_sys", "buckhash_sys", "gcMiscSys", "other_sys",
			"last_gc_unix", "last_gc_nanotime", "pause_total_ns", "pause_end", "numgc", "numforcedgc",
		}},
		{Key: "heapStatsDelta", Type: "runtime.heapStatsDelta", Fields: []string{
			"committed", "released", "inHeap", "inStacks", "inWorkBufs", "inPtrScalarBits?",
		}},
		{Key: "mheap_", Var: "runtime.mheap_", Fields: []string{
			"spanalloc.inuse", "spanalloc.stat", "cachealloc.inuse", "cachealloc.stat", "allspans",
			"pages.inUse.ranges", "pages.chunks", "pages.scav.index.chunks?", "pages.scav.index.gen?",
			"pages.scav.index.min?", "pages.scav.index.max?",
		}},
		{Key: "scavenge", Var: "runtime.scavenge", Fields: []string{
			"gcPercentGoal", "memoryLimitGoal", "backgroundTime?", "assistTime?",
		}},
		{Key: "allp", Var: "runtime.allp"},
		{Key: "mspan", Type: "runtime.mspan", Fields: []string{
			"startAddr", "npages", "state", "elemsize", "allocCount", "spanclass",
		}},
		{Key: "p", Type: "runtime.p", Fields: []string{"id", "pcache.base", "pcache.cache", "pcache.scav"}},
		{Key: "addrRange", Type: "runtime.addrRange", Fields: []string{"base", "limit"}},
		{Key: "pallocData", Type: "runtime.pallocData", Fields: []string{"pallocBits", "scavenged"}},
	}
}

// Check returns an error that names the first field which the layout lacks.
func (l Layout) Check() error {
	for _, root := range Roots() {
		if _, ok := l[root.Key]; !ok {
			return fmt.Errorf("no size of runtime's %s", root.Key)
		}
		for _, field := range root.Fields {
			if strings.HasSuffix(field, "?") {
				continue
			}
			if _, ok := l[root.Key+"."+field]; !ok {
				return fmt.Errorf("no field %s in runtime's %s", field, root.Key)
			}
		}
	}
	return nil
}

// String is the layout as lines "key offset", sorted.
func (l Layout) String() string {
	var b strings.Builder
	for _, key := range slices.Sorted(maps.Keys(l)) {
		fmt.Fprintf(&b, "%s %d\n", key, l[key])
	}
	return b.String()
}
