package causes

// released are the causes for which memory that Go's heap gave back, or would
// give back, stays resident all the same.
func released() []Cause {
	return []Cause{madvFree()}
}
