package goruntime

import (
	"encoding/binary"
	"math"
	"testing"

	"whyres/collector/mem"
)

func TestEarliest(t *testing.T) {
	for _, c := range []struct {
		whens []int64
		want  mem.Instant
	}{
		{nil, 0},
		{[]int64{0, 0}, 0},
		{[]int64{0, 9, 7, 8}, 7},
		{[]int64{-5, 9}, 9},
		{[]int64{math.MaxInt64}, 0}, // time.NewTimer(math.MaxInt64)
		{[]int64{math.MaxInt64, 9, never, never - 1}, 9},
		{[]int64{math.MinInt64}, 0},
	} {
		var b []byte
		for _, when := range c.whens {
			b = binary.LittleEndian.AppendUint64(b, uint64(when))
		}
		if got := earliest(b); got != c.want {
			t.Errorf("%v: %v, want %v", c.whens, got, c.want)
		}
	}
}
