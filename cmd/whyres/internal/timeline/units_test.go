package timeline

import (
	"math"
	"testing"
	"time"

	"whyres/collector/mem"
)

func TestSizes(t *testing.T) {
	for _, c := range []struct {
		bytes              int64
		amount, size, cell string
	}{
		{0, "0", "0.0" + glue + "MiB", "0.0"},
		{1, "1" + glue + "B", "1" + glue + "B", "0.0"},
		{48 * kib, "48" + glue + "KiB", "48" + glue + "KiB", "0.0"},
		{-48 * kib, "-48" + glue + "KiB", "-48" + glue + "KiB", "0.0"},
		{103 * kib, "0.1", "0.1" + glue + "MiB", "0.1"},
		{mib, "1.0", "1.0" + glue + "MiB", "1.0"},
		{-3*mib - mib/2, "-3.5", "-3.5" + glue + "MiB", "-3.5"},
		{102400 * mib, "102400.0", "102400.0" + glue + "MiB", "102400.0"},
		{math.MaxInt64, "8796093022208.0", "8796093022208.0" + glue + "MiB", "8796093022208.0"},
	} {
		if got := amount(c.bytes); got != c.amount {
			t.Errorf("amount(%d) = %q, want %q", c.bytes, got, c.amount)
		}
		if got := size(c.bytes); got != c.size {
			t.Errorf("size(%d) = %q, want %q", c.bytes, got, c.size)
		}
		if got := fixed(tenths(c.bytes)); got != c.cell {
			t.Errorf("fixed(tenths(%d)) = %q, want %q", c.bytes, got, c.cell)
		}
	}
}

func TestTimes(t *testing.T) {
	for _, c := range []struct {
		seconds float64
		want    string
	}{
		{0, "+0.00s"},
		{2.1, "+2.10s"},
		{-0.01, "-0.01s"},
		{-0.004, "+0.00s"},
		{253.614, "+253.61s"},
		{9999.99, "+9999.99s"},
		{12345.67, "+12345.7s"},
		{123456.7, "+123457s"},
	} {
		got := since(mem.Instant(c.seconds*float64(time.Second)), 0)
		if got != c.want || len(got) > wTime {
			t.Errorf("since(%v s) = %q, want %q in %d columns", c.seconds, got, c.want, wTime)
		}
	}
	for d, want := range map[time.Duration]string{
		12 * time.Microsecond: "12" + glue + "µs", 15 * time.Millisecond: "15" + glue + "ms", 400 * time.Millisecond: "0.4" + glue + "s",
		129 * time.Second: "2m09s", 59900 * time.Millisecond: "59.9" + glue + "s", 59960 * time.Millisecond: "1m00s", 100 * time.Minute: "1h40m", 99*time.Minute + 59*time.Second: "99m59s",
	} {
		if got := span(d); got != want {
			t.Errorf("span(%v) = %q, want %q", d, got, want)
		}
	}
}
