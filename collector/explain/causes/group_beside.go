package causes

import (
	"math"

	"whyres/collector/mem"
)

// built are what the program was built with. They take before those in which it
// shows: memory that nobody knows, records of the runtime.
func built() []Cause {
	return []Cause{instrumentedBuild()}
}

// beside are what are taken for a part of RES, or for RES, and is not.
func beside() []Cause {
	return []Cause{limitExcludesNative(), swapped(), pageTables(), containerMetric(), inexactRSS(), virtNotRES()}
}

// signedSize takes a size of a sample into signed numbers; no process has an EiB.
func signedSize(bytes uint64) int64 { return int64(min(bytes, math.MaxInt64>>3)) }

// group is the control group, nil where what it counts was not read, or where it
// is the whole host: a limit or a metric of that is no container's.
func (f *Facts) group() *mem.Cgroup {
	if g := f.Sample.Cgroup; g != nil && g.Path != "/" {
		return g
	}
	return nil
}
