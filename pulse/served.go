package pulse

import (
	"fmt"
	"slices"
	"time"
)

// served is how long the connections of a pulse took to be answered.
type served struct {
	measured bool // with -latency
	count    int
	// Of a sum of pulses only the slowest is known.
	p50, p99, slowest time.Duration
}

// servedIn sorts what it is given.
func servedIn(latencies []time.Duration) served {
	s := served{measured: true, count: len(latencies)}
	if s.count == 0 {
		return s
	}
	slices.Sort(latencies)
	s.p50, s.p99, s.slowest = percentile(latencies, 50), percentile(latencies, 99), latencies[s.count-1]
	return s
}

// percentile is the least of the sorted values that so many of a hundred do not
// exceed (the nearest rank: always one that was measured).
func percentile(sorted []time.Duration, percent int) time.Duration {
	rank := (len(sorted)*percent + 99) / 100
	return sorted[rank-1]
}

// add sums what can be summed.
func (s *served) add(from served) {
	s.measured = s.measured || from.measured
	s.count += from.count
	s.slowest = max(s.slowest, from.slowest)
}

// clause is the part of a pulse's line; empty where nothing was measured.
func (s served) clause() string {
	if s.count == 0 {
		return ""
	}
	return fmt.Sprintf("served in %s (p50), %s (p99), ", milliseconds(s.p50), milliseconds(s.p99))
}

func milliseconds(d time.Duration) string {
	return fmt.Sprintf("%.2f ms", float64(d)/float64(time.Millisecond))
}
