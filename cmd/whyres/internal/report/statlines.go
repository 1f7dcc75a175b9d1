package report

import "whyres/collector/mem"

// maxStats is how many readings of each of the runtime's numbers a page holds.
const maxStats = 8_000

// statLine is one of the Go runtime's numbers over time, in bytes.
type statLine struct {
	id, name string
	of       func(*mem.MemStats) int64
	series   series
}

// statLines are the numbers of the original question, and the goal of the next GC.
type statLines struct {
	lines []statLine
	known uint64 // samples that had them
}

func newStatLines(limit int) []statLine {
	bytes := func(v uint64) int64 { return int64(min(v, 1<<52)) }
	lines := []statLine{
		{id: "heap_sys", name: "HeapSys", of: func(m *mem.MemStats) int64 { return bytes(m.HeapSys) }},
		{id: "heap_inuse", name: "HeapInuse", of: func(m *mem.MemStats) int64 { return bytes(m.HeapInuse) }},
		{id: "heap_idle", name: "HeapIdle", of: func(m *mem.MemStats) int64 { return bytes(m.HeapIdle) }},
		{id: "heap_released", name: "HeapReleased", of: func(m *mem.MemStats) int64 { return bytes(m.HeapReleased) }},
		{id: "stack_inuse", name: "StackInuse", of: func(m *mem.MemStats) int64 { return bytes(m.StackInuse) }},
		{id: "next_gc", name: "NextGC", of: nextGC},
	}
	for i := range lines {
		lines[i].series.limit = limit
	}
	return lines
}

func nextGC(m *mem.MemStats) int64 {
	if !m.HasNextGC() {
		return unknown
	}
	return int64(m.NextGC)
}

// add takes what a sample has; nil is a gap.
func (l *statLines) add(at int64, m *mem.MemStats) {
	if m != nil {
		l.known++
	}
	for i := range l.lines {
		value := int64(unknown)
		if m != nil {
			value = l.lines[i].of(m)
		}
		l.lines[i].series.add(at, value)
	}
}
