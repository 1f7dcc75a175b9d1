package ledger

import (
	"strconv"
	"strings"
)

// Size writes bytes for people: exact below a KiB, else with one decimal in
// KiB, MiB, GiB or TiB of 1024. What would round up to 1024.0 is written in the
// next unit.
func Size(bytes int64) string {
	if bytes > -1024 && bytes < 1024 {
		return strconv.FormatInt(bytes, 10) + " B"
	}
	size, units := float64(bytes)/1024, "KMGT"
	for len(units) > 1 && (size >= 1023.95 || size <= -1023.95) {
		size, units = size/1024, units[1:]
	}
	return strconv.FormatFloat(size, 'f', 1, 64) + " " + units[:1] + "iB"
}

// Count writes a number with its thousands apart.
func Count(n uint64) string {
	digits := strconv.FormatUint(n, 10)
	var b strings.Builder
	for i, d := range digits {
		if i > 0 && (len(digits)-i)%3 == 0 {
			b.WriteByte(',')
		}
		b.WriteRune(d)
	}
	return b.String()
}
