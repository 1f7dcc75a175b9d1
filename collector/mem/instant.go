package mem

import "time"

// Instant is a moment in nanoseconds of CLOCK_MONOTONIC on the host.
type Instant int64

// Sub is the time from o to i.
func (i Instant) Sub(o Instant) time.Duration { return time.Duration(i - o) }

// Add is the instant d after i.
func (i Instant) Add(d time.Duration) Instant { return i + Instant(d) }
