package clock

import "time"

// pace is how long the scavenger takes for so many bytes, at the most. It works
// for a hundredth of the CPU time, in turns of a millisecond: the first sleep is a
// second long, then it finds its rhythm, which takes five seconds more where it fails
// at first (controllerCooldown). 22 MiB took it from 0.3 s to 3.5 s on Go 1.21 to
// 1.27 with 2 CPUs, 48 MiB on a busy host more than six.
func pace(bytes int64) time.Duration {
	const (
		settling = 12 * time.Second
		perSec   = 8 << 20
		most     = 1 << 50 // four years of it: what a recording says may be any number
	)
	return settling + time.Duration(float64(min(bytes, most))/perSec*float64(time.Second))
}
