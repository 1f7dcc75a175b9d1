package causes

// inUse are the causes in what Go has in use: objects, stacks, the runtime's own.
func inUse() []Cause {
	return []Cause{
		grownStacks(), deadGoroutines(), goroutineLeak(), fragmentation(), uncollectedObjects(), liveHeap(),
		mapBuckets(), poolBuffers(), runtimeMetadata(),
	}
}
