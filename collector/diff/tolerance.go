package diff

import (
	"time"

	"whyres/collector/course"
)

// What is the same: sizes within 256 KiB or 2 % of the larger (course.Jitter),
// times and counts within 5 % of the larger; a length of time at least within a
// second, as far as samples usually are apart, and when something had happened
// within the time from the reading before (course.Moment), at least within 50 ms:
// two runs of the same program are further apart than their calls. Of probes a time
// is the same up to twice the other: machines are noisy.
const (
	timePart   = 20
	countPart  = 20
	probeTimes = 2
	leastSpan  = int64(time.Second)
	leastTime  = int64(50 * time.Millisecond)
)

// near reports whether two numbers differ by no more than what is allowed.
func near(a, b, allowed int64) bool { return apart(a, b) <= uint64(max(allowed, 0)) }

// apart is the distance of two numbers, which may be further than an int64 says.
func apart(a, b int64) uint64 { return uint64(max(a, b)) - uint64(min(a, b)) }

// larger is the larger of both by size.
func larger(a, b int64) int64 { return max(magnitude(a), magnitude(b)) }

func magnitude(n int64) int64 { return max(n, -max(n, -1<<62)) }

func sameSize(a, b int64) bool { return near(a, b, course.Jitter(larger(a, b))) }

func sameTime(a, b, spacing int64) bool { return near(a, b, max(larger(a, b)/timePart, spacing)) }

func sameCount(a, b int64) bool { return near(a, b, larger(a, b)/countPart) }
