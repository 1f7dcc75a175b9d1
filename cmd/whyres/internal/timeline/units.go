package timeline

import (
	"math"
	"strconv"
	"strings"
	"time"

	"whyres/collector/ledger"
	"whyres/collector/mem"
)

// glue is a space at which no line is broken; it is printed as a plain one.
const glue = "\u00a0"

const (
	kib = 1 << 10
	mib = 1 << 20
)

// tenths is a size in tenths of a MiB, rounded half away from zero: what the
// columns show. Changes are differences of tenths, so that a column adds up.
func tenths(bytes int64) int64 {
	return int64(math.Round(float64(bytes) / mib * 10))
}

// fixed writes tenths with one decimal.
func fixed(t int64) string {
	sign := ""
	if t < 0 {
		sign, t = "-", -t
	}
	return sign + strconv.FormatInt(t/10, 10) + "." + strconv.FormatInt(t%10, 10)
}

// signed is fixed with the sign always, and "" for no change.
func signed(t int64) string {
	switch {
	case t == 0:
		return ""
	case t > 0:
		return "+" + fixed(t)
	}
	return fixed(t)
}

// amount is a size within a text that has said MiB before: "21.3", "48 KiB"
// where it is tiny, "0".
func amount(bytes int64) string {
	if bytes != 0 && bytes > -mib/10 && bytes < mib/10 {
		return small(bytes)
	}
	if bytes == 0 {
		return "0"
	}
	return fixed(tenths(bytes))
}

// size is a size with its unit.
func size(bytes int64) string {
	if bytes != 0 && bytes > -mib/10 && bytes < mib/10 {
		return small(bytes)
	}
	return fixed(tenths(bytes)) + glue + "MiB"
}

// usize is size for the kernel's unsigned lengths, which may be anything.
func usize(bytes uint64) string { return size(clampInt(bytes)) }

func small(bytes int64) string {
	if bytes > -kib && bytes < kib {
		return strconv.FormatInt(bytes, 10) + glue + "B"
	}
	return strconv.FormatInt(int64(math.Round(float64(bytes)/kib)), 10) + glue + "KiB"
}

func clampInt(v uint64) int64 { return int64(min(v, math.MaxInt64)) }

// addClamped adds without wrapping around: lengths are whatever the target
// passed.
func addClamped(a, b uint64) uint64 {
	if a > math.MaxUint64-b {
		return math.MaxUint64
	}
	return a + b
}

// since is the time column: seconds from the trace's beginning, with fewer
// decimals once it is hours away, so that it stays within its column.
func since(at, zero mem.Instant) string {
	seconds := at.Sub(zero).Seconds()
	sign := "+"
	if seconds < 0 {
		sign, seconds = "-", -seconds
	}
	if seconds < 0.005 {
		sign = "+" // not "-0.00"
	}
	decimals := 2
	switch {
	case seconds >= 99_999.95:
		decimals = 0
	case seconds >= 9_999.995:
		decimals = 1
	}
	return sign + strconv.FormatFloat(seconds, 'f', decimals, 64) + "s"
}

// span is a length of time in words: "12 µs", "0.4 s", "2m09s".
func span(d time.Duration) string {
	switch {
	case d < time.Millisecond:
		return strconv.FormatInt(d.Microseconds(), 10) + glue + "µs"
	case d < 100*time.Millisecond:
		return strconv.FormatInt(d.Milliseconds(), 10) + glue + "ms"
	case d < time.Minute-50*time.Millisecond:
		return strconv.FormatFloat(d.Seconds(), 'f', 1, 64) + glue + "s"
	case d < 100*time.Minute:
		return minutes(d.Round(time.Second)/time.Second, "m", "s")
	}
	return minutes(d.Round(time.Minute)/time.Minute, "h", "m")
}

// minutes writes n as sixties and rest: "2m09s", "1h40m".
func minutes(n time.Duration, sixty, one string) string {
	rest := strconv.FormatInt(int64(n%60), 10)
	return strconv.FormatInt(int64(n/60), 10) + sixty + strings.Repeat("0", 2-len(rest)) + rest + one
}

// plural is "1 call", "12 calls".
func plural(n uint64, noun string) string {
	if n != 1 {
		noun += "s"
	}
	return ledger.Count(n) + glue + noun
}

// times is the multiplier of a burst: "×161", nothing for a single call.
func times(n int) string {
	if n == 1 {
		return ""
	}
	return glue + "×" + ledger.Count(uint64(n))
}
