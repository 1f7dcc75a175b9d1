package causes

// released are the causes for which memory that Go's heap gave back, or would
// give back, stays resident all the same. What a trace can prove comes before
// what only settings and releases speak for.
func released() []Cause {
	return []Cause{
		madvFree(), lockedMemory(), madviseRefused(),
		forcedHugePages(), nohugepageHeuristic(), khugepagedRefill(), thpRounding(),
		callsWithoutEffect(), partialHugePage(), largeOSPages(),
		limitStorm(), refaultChurn(), zeroedFreshMemory(), knownRegression(),
	}
}
