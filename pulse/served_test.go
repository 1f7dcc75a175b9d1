package pulse

import (
	"testing"
	"time"
)

// Of 1, 2, 3, ... n ms, in whatever order.
func TestServed(t *testing.T) {
	const ms = time.Millisecond
	tests := []struct {
		n    int
		want served
	}{
		{0, served{measured: true}},
		{1, served{true, 1, ms, ms, ms}},
		{2, served{true, 2, ms, 2 * ms, 2 * ms}},
		{3, served{true, 3, 2 * ms, 3 * ms, 3 * ms}},
		{100, served{true, 100, 50 * ms, 99 * ms, 100 * ms}},
		{101, served{true, 101, 51 * ms, 100 * ms, 101 * ms}},
		{1000, served{true, 1000, 500 * ms, 990 * ms, 1000 * ms}},
	}
	for _, test := range tests {
		latencies := make([]time.Duration, test.n)
		for i := range latencies {
			latencies[(i*37+test.n/2)%test.n] = time.Duration(i+1) * ms // 37 divides no n
		}
		if got := servedIn(latencies); got != test.want {
			t.Errorf("%d: %+v, want %+v", test.n, got, test.want)
		}
	}
}

func TestServedSums(t *testing.T) {
	var sum served
	sum.add(served{})
	sum.add(served{true, 7, 1, 2, 9})
	sum.add(served{true, 3, 1, 2, 3})
	if want := (served{measured: true, count: 10, slowest: 9}); sum != want {
		t.Errorf("%+v, want %+v", sum, want)
	}
}
