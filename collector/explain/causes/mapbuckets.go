package causes

// mapBuckets: maps never shrink. From outside a map's memory is objects like any
// other: nothing finds it.
func mapBuckets() Cause {
	return Cause{
		ID: "map-buckets",
		Page: Page{
			What: "maps do not shrink: a map keeps the room for the most entries that it ever held",
			Mechanism: "delete empties an entry's place and keeps it. The memory of a map that held a million entries once stays live for as long as the map does, " +
				"be it empty. What values or keys point to is freed; what lies in the map itself is not.",
			Proof: "None: from outside a map's tables cannot be told from other live objects, as the heap does not say what type an object is. They show as live-heap. " +
				"A heap profile tells: go tool pprof -sample_index=inuse_space http://ADDRESS/debug/pprof/heap names the functions that assign to the map, with runtime.mapassign or internal/runtime/maps below them, " +
				"and len(m) in the program is far below what it once was.",
			Remedy: []string{
				"make a new map, copy what is still needed, and drop the old one",
				"pointers as values, where these are large: an empty place then holds 8 bytes",
			},
			Versions: "All: hash buckets up to Go 1.23, Swiss tables since Go 1.24.",
			Sources:  []string{"runtime/map.go: mapdelete", "internal/runtime/maps (Go 1.24 and newer)", "golang.org/issue/20135"},
		},
	}
}
