package lab

import (
	"fmt"
	"strconv"
	"time"

	"whyres/collector/ledger"
)

// Text is a value of a unit for people, with its unit.
func (u Unit) Text(value float64) string {
	switch u {
	case Bytes:
		return ledger.Size(int64(value))
	case ByteSeconds:
		area, decimals := value/float64(mib)/60, 1
		if area < 9.995 {
			decimals = 2
		}
		return number(area, decimals) + " MiB·min"
	case Count:
		return number(value, 0)
	case After, CPUTime, Latency:
	}
	return duration(value)
}

// column is a unit as it stands over a column, whose numbers all have as many
// decimals.
type column struct {
	name     string // "" for a number
	scale    float64
	decimals int
}

func (u Unit) column() column {
	switch u {
	case Bytes:
		return column{"MiB", float64(mib), 1}
	case After:
		return column{"s", 1e9, 1}
	case ByteSeconds:
		return column{"MiB·min", 60 * float64(mib), 2}
	case CPUTime:
		return column{"ms", 1e6, 0}
	case Latency:
		return column{"ms", 1e6, 2}
	case Count:
	}
	return column{"", 1, 0}
}

func (c column) text(v float64) string { return number(v/c.scale, c.decimals) }

// duration writes ns with three digits or so: "850 µs", "4.0 ms", "2.3 s", "2m09s".
func duration(ns float64) string {
	switch {
	case ns < 1e6:
		return number(ns/1e3, 0) + " µs"
	case ns < 99.95e6:
		return number(ns/1e6, 1) + " ms"
	case ns < 999.5e6:
		return number(ns/1e6, 0) + " ms"
	case ns < 59.95e9:
		return number(ns/1e9, 1) + " s"
	}
	seconds := time.Duration(ns).Round(time.Second) / time.Second
	return fmt.Sprintf("%dm%02ds", seconds/60, seconds%60)
}

func number(v float64, decimals int) string { return strconv.FormatFloat(v, 'f', decimals, 64) }

// compared is how a stands to b: in parts of a hundred, or in times where it is
// three or more; "" where b is 0.
func compared(a, b float64) string {
	switch {
	case b == 0:
		return ""
	case a >= 10*b:
		return number(a/b, 0) + " times as much"
	case a >= 3*b:
		return number(a/b, 1) + " times as much"
	case a < b:
		return number((b-a)/b*100, 0) + " % less"
	}
	return number((a-b)/b*100, 0) + " % more"
}
