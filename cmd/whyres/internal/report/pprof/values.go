package pprof

import (
	"math"

	"github.com/google/pprof/profile"

	"whyres/collector/mem"
)

// DefaultType is what a viewer shows unless told otherwise: what left RES by the
// calls that release.
const DefaultType = "left_res"

// The values of a sample, by their places.
const (
	released = iota
	leftRES
	mapped
	unmapped
	unmappedLeftRES
	calls
	spent
	accessible
	kinds
)

// values are of one call, or of all calls of a sample.
type values [kinds]int64

// types name the values. In the verdict they are releases.asked,
// releases.attributed, reserved, unmapped.asked, unmapped.attributed and the sum of
// calls; the time is of the calls that were seen from entry to exit. Of mapped,
// mapped_accessible is what is not only set aside (PROT_NONE).
func types() []*profile.ValueType {
	return []*profile.ValueType{
		released:        {Type: "released", Unit: "bytes"},
		leftRES:         {Type: DefaultType, Unit: "bytes"},
		mapped:          {Type: "mapped", Unit: "bytes"},
		unmapped:        {Type: "unmapped", Unit: "bytes"},
		unmappedLeftRES: {Type: "unmapped_left_res", Unit: "bytes"},
		calls:           {Type: "calls", Unit: "count"},
		spent:           {Type: "time", Unit: "nanoseconds"},
		accessible:      {Type: "mapped_accessible", Unit: "bytes"},
	}
}

// valuesOf is what a call counts for.
func valuesOf(e *mem.Event) values {
	v := values{calls: 1}
	if timed(e) {
		v[spent] = max(0, e.Dur)
	}
	if e.Releases() {
		v[released], v[leftRES] = clamp(e.Len), -e.Attributed
	}
	switch {
	case e.Failed():
	case e.Call == mem.Munmap:
		v[unmapped], v[unmappedLeftRES] = clamp(e.Len), -e.Attributed
	case e.Call == mem.Mmap:
		v[mapped] = clamp(e.Len)
		if e.Prot != 0 {
			v[accessible] = v[mapped]
		}
	}
	return v
}

// timed: how long the call took is known, and not only a bound of it.
func timed(e *mem.Event) bool { return !e.Noted(mem.NoteNoEntry) && !e.Noted(mem.NoteNoReturn) }

func (v *values) add(o values) {
	for i := range v {
		v[i] = plus(v[i], o[i])
	}
}

// plus stays at the limit instead of wrapping: lengths are whatever the target
// passed.
func plus(a, b int64) int64 {
	switch sum := a + b; {
	case a > 0 && b > 0 && sum < 0:
		return math.MaxInt64
	case a < 0 && b < 0 && sum >= 0:
		return math.MinInt64
	default:
		return sum
	}
}

func clamp(bytes uint64) int64 { return int64(min(bytes, math.MaxInt64)) }
