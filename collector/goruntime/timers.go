package goruntime

import (
	"encoding/binary"

	"whyres/collector/mem"
)

// timerFields are where a P keeps when its earliest timer is due: since Go 1.23
// timers.minWhenHeap and minWhenModified, since 1.14 timer0When and (1.16+)
// timerModifiedEarliest. 0 stands for none.
func (w *where) timerFields() (offsets []int) {
	for _, field := range [...]string{"timers.minWhenHeap", "timers.minWhenModified", "timer0When", "timerModifiedEarliest"} {
		if w.has("p." + field) {
			offsets = append(offsets, w.off("p."+field))
		}
	}
	return offsets
}

// maxTimerPs bounds how many Ps are asked.
const maxTimerPs = 1 << 10

// timer is when the earliest timer is due, as runtime.timeSleepUntil reckons; 0
// for none, or where this version keeps timers elsewhere (before 1.14).
func (t *Target) timer() (mem.Instant, error) {
	offsets := t.where.timerFields()
	if len(offsets) == 0 || t.where.source == fromNearby {
		return 0, nil
	}
	data, n, err := t.memory.slice(t.where.addr["allp"], "allp", maxPs)
	if err != nil || n == 0 {
		return 0, err
	}
	ps := make([]byte, 8*min(n, maxTimerPs))
	if err := t.memory.read(ps, []span{{data, len(ps)}}); err != nil {
		return 0, err
	}
	var spans []span
	for ; len(ps) > 0; ps = ps[8:] {
		p := binary.LittleEndian.Uint64(ps)
		if p == 0 {
			continue // not made yet
		}
		for _, offset := range offsets {
			spans = append(spans, span{p + uint64(offset), 8})
		}
	}
	if len(spans) == 0 {
		return 0, nil
	}
	whens := make([]byte, 8*len(spans))
	if err := t.memory.read(whens, spans); err != nil {
		return 0, err
	}
	return earliest(whens), nil
}

// never is when a timer is due that is not to fire: time.NewTimer(math.MaxInt64)
// is due at the largest number there is (runtime.maxWhen). 73 years after the
// boot or later is never.
const never = 1 << 61

// earliest is the least of the numbers that stand for an instant.
func earliest(whens []byte) (least mem.Instant) {
	for ; len(whens) > 0; whens = whens[8:] {
		if when := mem.Instant(binary.LittleEndian.Uint64(whens)); when > 0 && when < never && (least == 0 || when < least) {
			least = when
		}
	}
	return least
}
