package report

import (
	"encoding/base64"
	"encoding/binary"
	"math"
)

// column is numbers for the page's charts. In its JSON they are one text: base64 of
// little-endian float64s, which hold sizes and instants below 2^53 exactly. Text is
// a third of the size of written numbers, and a browser reads it many times faster.
type column []float64

// MarshalText is what encoding/json writes.
func (c column) MarshalText() ([]byte, error) {
	raw := make([]byte, 0, 8*len(c))
	for _, v := range c {
		raw = binary.LittleEndian.AppendUint64(raw, math.Float64bits(v))
	}
	return base64.StdEncoding.AppendEncode(nil, raw), nil
}

// columnOf makes a column of integers.
func columnOf[T int | int64 | uint64 | uint32](values []T) column {
	out := make(column, len(values))
	for i, v := range values {
		out[i] = float64(v)
	}
	return out
}

// withGaps is a column in which unknown is no number, which a chart leaves open.
func withGaps(values []int64) column {
	out := columnOf(values)
	for i, v := range values {
		if v == unknown {
			out[i] = math.NaN()
		}
	}
	return out
}

// pick is one field of a list as a column.
func pick[T any, N int | int64 | uint64 | uint32](list []T, of func(*T) N) column {
	out := make(column, len(list))
	for i := range list {
		out[i] = float64(of(&list[i]))
	}
	return out
}
