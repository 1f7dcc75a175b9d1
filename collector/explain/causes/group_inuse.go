package causes

// inUse are the causes in what Go has in use: objects, stacks, the runtime's own.
// Goroutines, of which there may be too many, come before how large their stacks
// are.
func inUse() []Cause {
	return []Cause{
		deadGoroutines(), goroutineLeak(), grownStacks(), fragmentation(), uncollectedObjects(), liveHeap(),
		mapBuckets(), poolBuffers(), runtimeMetadata(),
	}
}
