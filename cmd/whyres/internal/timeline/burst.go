package timeline

import (
	"strings"
	"time"

	"whyres/collector/explain/clock"
	"whyres/collector/mem"
)

// kind is what a burst is made of.
type kind int

const (
	kindCall kind = iota
	kindStart
	kindGC
	kindCollapse
	kindFork
	kindExec
	kindExit
	kindEnd
	kindLost
	kindFault    // RES moved and no call did it
	kindChildren // other processes
	kindNote     // something whyres has to say about itself
	kindForecast
)

// key tells bursts apart: what has the same key within a short time is one row.
type key struct {
	kind   kind
	class  class
	call   mem.Call
	advice string
	who    mem.Who
	caller string
	errno  string
	pid    int    // of another process than the target, else 0
	down   bool   // of a fault: RES fell
	serial uint64 // of what is never joined
}

// How long a burst stays open, in time of the frames.
const (
	callGap     = 500 * time.Millisecond // silence that ends a burst of calls
	callLongest = 2 * time.Second        // a live line must not hang
	markLongest = time.Second            // a busy program has 50 GCs a second
	faultGap    = 400 * time.Millisecond
)

// burst gathers what becomes one row.
type burst struct {
	key         key
	gap         time.Duration
	longest     time.Duration
	start, last mem.Instant // of what it holds
	opened      mem.Instant // the clock when it began,
	touched     mem.Instant // and when it last grew: marks may come late
	closed      bool
	settled     bool  // st is from a sample after it
	hidden      bool  // the change would not be its own
	nested      bool  // it lies within the time of a row above it
	st          state // the target's at its end

	n          int
	asked      uint64
	reserved   uint64   // of asked: mapped without access
	left       int64    // bytes that left RES by these very calls
	grown      int64    // bytes that came into RES after them, by samples
	unmeasured int      // calls whose effect is not known
	addr       mem.Addr // of the first call
	dur        time.Duration
	stack      []string // of the first call; kept where each has its own row
	mark       mem.Mark // the last one
	first, to  uint32   // GCs
	why        tally
	child      bool
	children   *children
	program    *mem.Process // of an exec of the target: another Go, or none
	since      gcSince
	lost       uint64
	note       string
	saying     *clock.Saying // of a forecast
}

// due is the clock at which the burst closes.
func (b *burst) due() mem.Instant {
	return min(b.touched.Add(b.gap), b.opened.Add(b.longest))
}

// addCall counts one call in.
func (b *burst) addCall(e *mem.Event) {
	b.n++
	b.asked = addClamped(b.asked, asked(e))
	if e.Call == mem.Mmap && e.Prot == 0 {
		b.reserved = addClamped(b.reserved, e.Len)
	}
	if !measured(e) {
		b.unmeasured++
	}
	b.left -= e.Attributed
	b.last = max(b.last, e.End())
	if b.n == 1 {
		b.addr, b.dur = e.Addr, e.Duration()
	}
	if b.n == 1 && b.key.serial != 0 {
		b.stack = cleanStack(e)
	}
}

// deepest is how many functions of a stack are shown.
const deepest = 24

// cleanStack is the stack as it is shown.
func cleanStack(e *mem.Event) []string {
	var names []string
	for _, name := range e.Stack[:min(len(e.Stack), deepest)] {
		names = append(names, strings.ReplaceAll(clean(name, 100), " ", glue))
	}
	if len(e.Stack) > deepest || e.Noted(mem.NoteStackCut) {
		names = append(names, "…")
	}
	return names
}

// addMark counts one mark in.
func (b *burst) addMark(m *mem.Mark) {
	b.n++
	b.mark = *m
	b.mark.Process = nil // it is the frame's
	b.last = max(b.last, m.At)
	b.why.add(m.Why, 1)
}

// tally counts reasons in the order in which they first came.
type tally struct {
	names  []string
	counts []uint64
}

// maxTally bounds the reasons that are told apart.
const maxTally = 8

func (t *tally) add(name string, n uint64) {
	for i := range t.names {
		if t.names[i] == name {
			t.counts[i] += n
			return
		}
	}
	if len(t.names) == maxTally {
		t.counts[maxTally-1] += n
		t.names[maxTally-1] = "other"
		return
	}
	t.names = append(t.names, name)
	t.counts = append(t.counts, n)
}
