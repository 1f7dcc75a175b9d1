package causes

// kept are the causes for which Go's heap keeps free memory.
func kept() []Cause {
	return []Cause{gogcOff(), oldScavenger(), gcClock(), goalMet()}
}
