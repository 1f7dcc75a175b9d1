package goruntime

import "whyres/collector/mem"

// era is how one generation of the runtime keeps what MemStats are made of. All
// work on one reading of memory.
type era struct {
	// fill sets the fields that differ between eras.
	fill func(light, *mem.MemStats)
	// torn reports that the reading is of two different instants: what the
	// runtime keeps twice does not agree.
	torn func(light) bool
	// gcPercent is GOGC, -1 when off.
	gcPercent func(light) int32
	// chart plans how to learn what every page of the heap is, without the spans.
	chart func(*Target, *plan) error
}

// eraOf is the era of Go 1.minor.
func eraOf(minor int) era {
	switch {
	case minor <= 13:
		return era{fillOldest, tornOldest, gcPercentVariable, (*Target).chartFreeSpans}
	case minor <= 15:
		return era{fillOldest, tornOldest, gcPercentVariable, (*Target).chartBitmaps}
	case minor == 16:
		return era{fillDeltas, tornDeltas, gcPercentVariable, (*Target).chartBitmaps}
	case minor <= 18:
		return era{fillDeltas, tornDeltas, gcPercentField, (*Target).chartBitmaps}
	}
	return era{fillController, tornController, gcPercentField, (*Target).chartBitmaps}
}

// gcPercentVariable reads runtime.gcpercent, Go 1.12 to 1.16.
func gcPercentVariable(l light) int32 {
	if !l.plan.has("gcpercent") { // not found in every stripped program
		return 0
	}
	return int32(l.word("gcpercent"))
}

// gcPercentField reads gcController.gcPercent, since Go 1.17.
func gcPercentField(l light) int32 { return int32(l.u32("gcController", "gcPercent")) }
