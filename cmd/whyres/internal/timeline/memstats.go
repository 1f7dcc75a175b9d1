package timeline

import (
	"math"
	"strconv"
	"time"

	"whyres/collector/explain"
)

// memStatsText is the Go runtime's own account.
func memStatsText(v *explain.Verdict) []string {
	m := &v.MemStats
	idle := "idle" + glue + amount(clampInt(m.HeapIdle)) + ", " + amount(clampInt(m.HeapReleased)) + " of it released"
	lead := "MemStats"
	if m.Source != "memory" { // the usual way
		lead += " (" + clean(m.Source, 20) + ")"
	}
	out := []string{
		lead, "sys" + glue + amount(clampInt(m.Sys)), "heap in use" + glue + amount(clampInt(m.HeapInuse)), idle,
		"stacks" + glue + amount(clampInt(m.StackInuse)),
	}
	out = append(out, lastGC(v))
	if m.HasNextGC() {
		out = append(out, "next at"+glue+amount(clampInt(m.NextGC)))
	}
	if m.GCPercent < 0 {
		out = append(out, "GOGC off")
	}
	if m.MemoryLimit > 0 && m.MemoryLimit != math.MaxInt64 {
		out = append(out, "GOMEMLIMIT"+glue+size(m.MemoryLimit))
	}
	if m.Torn {
		out = append(out, "read while they changed: not exact")
	}
	return out
}

// lastGC is the last GC and when it was.
func lastGC(v *explain.Verdict) string {
	gc := "GC" + glue + strconv.FormatUint(uint64(v.MemStats.NumGC), 10)
	ago := time.Duration(v.LastGCAgo)
	switch {
	case ago <= 0:
		return gc
	case old(v) > 0 || v.Ended:
		return gc + ", " + span(ago+old(v)) + " before the end"
	case ago < 50*time.Millisecond:
		return gc + ", just now"
	}
	return gc + ", " + span(ago) + " ago"
}
