package goruntime

// pacer holds the fields of runtime.gcController that the heap goal depends on.
type pacer struct {
	minor                                                         int
	gcPercentHeapGoal, sweepDistMinTrigger, triggered, heapMarked uint64
	memoryLimit, mappedReady, heapFree, totalAlloc, totalFree     uint64
}

// heapGoal is what MemStats.NextGC shows: gcControllerState.heapGoalInternal
// (runtime/mgcpacer.go, the same from Go 1.19 to 1.27). byLimit says that the
// memory limit, not GOGC, sets it.
func (p pacer) heapGoal() (goal uint64, byLimit bool) {
	goal = p.gcPercentHeapGoal
	if limit := p.memoryLimitHeapGoal(); limit < goal {
		return limit, true
	}
	goal = max(goal, p.sweepDistMinTrigger)
	const minRunway = 64 << 10
	if p.triggered != ^uint64(0) {
		goal = max(goal, p.triggered+minRunway)
	}
	return goal, false
}

// memoryLimitHeapGoal is gcControllerState.memoryLimitHeapGoal.
func (p pacer) memoryLimitHeapGoal() uint64 {
	nonHeap := p.mappedReady - p.heapFree - (p.totalAlloc - p.totalFree)
	var overage uint64
	if p.mappedReady > p.memoryLimit {
		overage = p.mappedReady - p.memoryLimit
	}
	if nonHeap+overage >= p.memoryLimit {
		return p.heapMarked
	}
	goal := p.memoryLimit - (nonHeap + overage)
	headroom := p.headroom(goal)
	if goal < headroom || goal-headroom < headroom {
		goal = headroom
	} else {
		goal -= headroom
	}
	return max(goal, p.heapMarked)
}

// headroom is 1 MiB in Go 1.19 and 1.20, and since 1.21 at least 3 % of the
// goal (memoryLimitHeapGoalHeadroomPercent).
func (p pacer) headroom(goal uint64) uint64 {
	const least = 1 << 20
	if p.minor < 21 {
		return least
	}
	return max(goal/100*3, least)
}

// consistent is false while the counters that the runtime updates one by one
// contradict each other: the runtime itself reads them again then.
func (p pacer) consistent() bool {
	return p.heapFree+(p.totalAlloc-p.totalFree) <= p.mappedReady
}
