package mem

import "strconv"

// The Go releases that release with MADV_FREE unless told otherwise, from the first
// to the one that does not any more (runtime.sysUnused).
const (
	firstLazy  = 12
	firstEager = 16
)

// ReleasesLazily reports whether a Go runtime of that minor version gives memory
// back with MADV_FREE: by what it has settled on where that was read (c, which may
// be nil), or else by its version and what GODEBUG sets madvdontneed to, "" for
// nothing. Of an unknown version (0) it is false.
func ReleasesLazily(minor int, madvdontneed string, c *GoClock) bool {
	if c != nil && c.Advice != "" {
		return c.Advice == "MADV_FREE"
	}
	if minor < firstLazy {
		return false
	}
	if told, err := strconv.ParseInt(madvdontneed, 10, 32); err == nil {
		return told == 0
	}
	return minor < firstEager
}
