package goruntime

import (
	"encoding/binary"

	"whyres/collector/mem"
)

// GCSeen is how far a reader has followed the target's GCs. The zero value is
// the start of the process.
type GCSeen struct {
	// NumGC and NumForcedGC as MemStats gives them.
	NumGC       uint32
	NumForcedGC uint32
	// Last is the end of GC NumGC; 0 where it is not known.
	Last mem.Instant
}

// The reasons of a GC, for mem.Mark.Why.
const (
	WhyHeapGoal = "heap goal"
	WhyIdle     = "2 min idle"
	WhyAskedFor = "asked for"
	WhyUnknown  = "unknown"
)

// ringSize is the length of memstats.pause_end.
const ringSize = 256

// forcePeriod is runtime.forcegcperiod: sysmon starts a GC when none has been
// for 2 minutes, later if it sleeps deeply.
const forcePeriod = mem.Instant(120e9)

// GCMarks returns one mark for each GC that ended after the given point, oldest
// first, and the point now. Pass GCNow's answer to begin with the next GC.
//
// The last GC's instant is exact (memstats.last_gc_nanotime). The instants of
// those before it come from the ring of wall-clock ends (memstats.pause_end)
// against the last one, so a step of the wall clock in between shifts them.
// GCs older than the ring's 256 share the first mark, which has First set and
// stands at the end of the newest of them whose end is known: the oldest in the
// ring. If NumGC went back, another program runs by that PID: no marks.
func (t *Target) GCMarks(since GCSeen) ([]mem.Mark, GCSeen, error) {
	r, err := t.readRing()
	if err != nil {
		return nil, since, err
	}
	marks := r.marks(since)
	for i := range marks {
		marks[i].PID = t.PID
	}
	return marks, r.seen(), nil
}

// GCNow is the point from which on only new GCs are reported.
func (t *Target) GCNow() (GCSeen, error) {
	r, err := t.readRing()
	if err != nil {
		return GCSeen{}, err
	}
	return r.seen(), nil
}

// gcRing is what memstats remembers of past GCs.
type gcRing struct {
	numGC, forced uint32
	// lastMono and lastUnix are the same instant, in ns, on two clocks.
	lastMono, lastUnix int64
	pauseEnd           [ringSize]int64
	gcPercent          int32
}

// readRing reads until the runtime is not just ending a GC: it writes the pair
// of clocks and the ring some instructions before it counts the GC.
func (t *Target) readRing() (gcRing, error) {
	if err := t.usable(); err != nil {
		return gcRing{}, err
	}
	var r gcRing
	for range maxRetries {
		l, err := t.readLight()
		if err != nil {
			return gcRing{}, err
		}
		if r = l.ring(t.era.gcPercent(l)); r.settled() {
			break
		}
	}
	return r, nil
}

func (l light) ring(gcPercent int32) gcRing {
	r := gcRing{
		numGC:     l.u32("memstats", "numgc"),
		forced:    l.u32("memstats", "numforcedgc"),
		lastMono:  int64(l.u64("memstats", "last_gc_nanotime")),
		lastUnix:  int64(l.u64("memstats", "last_gc_unix")),
		gcPercent: gcPercent,
	}
	ends := l.bytes("memstats", "pause_end")
	for i := range r.pauseEnd {
		r.pauseEnd[i] = int64(binary.LittleEndian.Uint64(ends[8*i:]))
	}
	return r
}

// settled: the pair of clocks belongs to the GC that was counted last.
func (r *gcRing) settled() bool {
	return r.numGC == 0 || r.pauseEnd[(r.numGC-1)%ringSize] == r.lastUnix
}

func (r *gcRing) seen() GCSeen {
	s := GCSeen{NumGC: r.numGC, NumForcedGC: r.forced}
	if r.numGC > 0 {
		s.Last = r.end(r.numGC)
	}
	return s
}

// end is the monotonic end of the n-th GC (1 is the first), for one in the ring.
func (r *gcRing) end(n uint32) mem.Instant {
	return mem.Instant(r.lastMono - (r.lastUnix - r.pauseEnd[(n-1)%ringSize]))
}

func (r *gcRing) marks(since GCSeen) []mem.Mark {
	if r.numGC <= since.NumGC {
		return nil
	}
	var marks []mem.Mark
	first, last := since.NumGC+1, since.Last
	if r.numGC-since.NumGC > ringSize {
		oldest := r.numGC - ringSize + 1
		marks = append(marks, mem.Mark{
			At: r.end(oldest), Kind: mem.MarkGC, NumGC: oldest, First: first, Why: r.whyMany(since),
		})
		first, last = oldest+1, r.end(oldest)
	}
	for n := first; n <= r.numGC; n++ {
		at := r.end(n)
		marks = append(marks, mem.Mark{At: at, Kind: mem.MarkGC, NumGC: n, Why: r.why(since, last, at)})
		last = at
	}
	return marks
}

// why tells one GC's reason. The counts of GCs and of forced GCs grew by so
// much since the last look: unless all or none were forced it cannot be told
// which were.
func (r *gcRing) why(since GCSeen, before, at mem.Instant) string {
	switch r.forced - since.NumForcedGC {
	case r.numGC - since.NumGC:
		return WhyAskedFor
	case 0:
		if before == 0 && since.NumGC > 0 {
			return WhyUnknown // the gap is not known
		}
		// sysmon's GC is not counted as forced, and is off with GOGC=off.
		if before > 0 && at-before >= forcePeriod && r.gcPercent >= 0 {
			return WhyIdle
		}
		return WhyHeapGoal
	}
	return WhyUnknown
}

// whyMany tells the common reason of GCs whose own instants are lost.
func (r *gcRing) whyMany(since GCSeen) string {
	if r.forced-since.NumForcedGC == r.numGC-since.NumGC {
		return WhyAskedFor
	}
	return WhyUnknown
}
