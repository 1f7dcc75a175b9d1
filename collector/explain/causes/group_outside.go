package causes

// outside are the causes in memory that is not Go's.
func outside() []Cause {
	return []Cause{cgoHeap(), threadStacks(), offHeapMmap(), fileMappings(), sharedMemory()}
}

// modest is how much any program may hold of one kind outside Go's heap (what C
// needs to start, some threads, a mapped table) without that being a reason for
// its RES, in bytes.
const modest = 4 << 20
