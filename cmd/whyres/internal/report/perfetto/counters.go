package perfetto

import (
	"math"

	"whyres/collector/mem"
)

// The counters of a process, by their places. Those before besideCalls go with the
// calls: at most 8, which is what viewers take.
const (
	counterRES = iota
	counterAnon
	counterFile
	counterShmem
	counterHeapInuse
	counterHeapIdle
	counterHeapReleased
	besideCalls

	counterNextGC = iota - 1
	counterStackInuse
	counters
)

// counterTrack is a counter's name and what it means.
type counterTrack struct{ name, what string }

func counterTracks() [counters]counterTrack {
	return [counters]counterTrack{
		counterRES:          {"RES", "Resident memory as the kernel counts it, before and after each call and at each look. Looks by /proc/PID/status may be off by some pages a thread, before Linux 6.16."},
		counterAnon:         {"RES anon", "The part of RES that is no file's."},
		counterFile:         {"RES file", "The part of RES that is mapped from files."},
		counterShmem:        {"RES shmem", "The part of RES that is shared memory."},
		counterHeapInuse:    {"HeapInuse", "runtime.MemStats: spans of Go's heap that hold objects."},
		counterHeapIdle:     {"HeapIdle", "runtime.MemStats: free spans, those given back to the system among them."},
		counterHeapReleased: {"HeapReleased", "runtime.MemStats: given back to the system. A release counts only after its call."},
		counterNextGC:       {"NextGC", "runtime.MemStats: the heap's size at which the next GC begins. Keeps its last value while there is none (GOGC=off)."},
		counterStackInuse:   {"StackInuse", "runtime.MemStats: spans that hold goroutine stacks."},
	}
}

// rssValues appends RES and its parts beside an event; nothing where they were not
// read.
func rssValues(m *message, r mem.RSS) bool {
	if r.Total() <= 0 {
		return false
	}
	for _, v := range [...]int64{r.Total(), r.Anon, r.File, r.Shmem} {
		m.int(eventExtraCounterValues, v)
	}
	return true
}

// goValues appends the Go runtime's own counters after those of RES.
func goValues(m *message, g mem.GoCounters) {
	if g == (mem.GoCounters{}) {
		return
	}
	for _, v := range [...]uint64{g.HeapInuse, g.HeapFree + g.HeapReleased, g.HeapReleased} {
		m.int(eventExtraCounterValues, clamp(v))
	}
}

// sample writes what one look told.
func (p *process) sample(s *mem.Sample) {
	p.rss(s.At, s.RSS)
	g := s.MemStats
	if g == nil {
		return
	}
	p.count(s.At, counterHeapInuse, clamp(g.HeapInuse))
	p.count(s.At, counterHeapIdle, clamp(g.HeapIdle))
	p.count(s.At, counterHeapReleased, clamp(g.HeapReleased))
	p.count(s.At, counterStackInuse, clamp(g.StackInuse))
	if g.HasNextGC() {
		p.count(s.At, counterNextGC, int64(g.NextGC))
	}
}

// rss writes a reading of RES that belongs to no call.
func (p *process) rss(at mem.Instant, r mem.RSS) {
	if r.Total() <= 0 {
		return
	}
	p.count(at, counterRES, r.Total())
	p.count(at, counterAnon, r.Anon)
	p.count(at, counterFile, r.File)
	p.count(at, counterShmem, r.Shmem)
}

func (p *process) count(at mem.Instant, counter int, v int64) {
	p.event(at, typeCounter, p.counters[counter], func(m *message) { m.int(eventCounterValue, v) })
}

// event writes one event on a track.
func (p *process) event(at mem.Instant, kind, track uint64, fill func(m *message)) {
	p.write(func(m *message) {
		m.uint(packetTimestamp, uint64(max(0, at)))
		m.nest(packetTrackEvent, func() {
			m.uint(eventType, kind)
			m.uint(eventTrackUUID, track)
			fill(m)
		})
	})
}

func clamp(v uint64) int64 { return int64(min(v, math.MaxInt64)) }
