package explain

import (
	"fmt"
	"strings"

	"whyres/collector/explain/causes"
	"whyres/collector/ledger"
	"whyres/collector/mem"
	"whyres/collector/summary"
)

// Limits is advice for a memory limit and for GOGC, from what was measured.
// Sizes are bytes.
type Limits struct {
	// Go is what the runtime holds against its memory limit (Sys less
	// HeapReleased); NonGo what of RES it does not count, by Parts.
	Go    int64         `json:"go_bytes"`
	NonGo int64         `json:"non_go_bytes"`
	Parts []causes.Take `json:"non_go_parts"`
	// Stuck is what of NonGo no file backs: it does not go under pressure.
	Stuck int64 `json:"non_go_stuck_bytes"`
	// MemoryLimit is what is set (GOMEMLIMIT, debug.SetMemoryLimit), 0 none.
	MemoryLimit int64 `json:"memory_limit,omitempty"`
	// Cgroup is the control group, nil where it was not read.
	Cgroup *mem.Cgroup `json:"cgroup,omitempty"`
	// Needs is what Go cannot go below as it is: what was live at the last GC,
	// holes in spans, stacks and the runtime's own; 0 where that is not known.
	Needs int64 `json:"go_needs_bytes,omitempty"`
	// Peak is what Go held at the most, at most; 0 unknown.
	Peak int64 `json:"go_peak_bytes,omitempty"`
	// Fit is a memory limit that would fit, nil where none does or Go has none.
	// NoFit says why none fits the control group's.
	Fit   *Fit   `json:"fit,omitempty"`
	NoFit string `json:"no_fit,omitempty"`
	// GOGC is -1 where it is off; Headroom is its effect on the heap.
	GOGC     int        `json:"gogc"`
	Headroom []Headroom `json:"headroom,omitempty"`
	// Now is what debug.FreeOSMemory would take out of RES at once, beside
	// garbage; nil where that is not known. What has died comes on top: of Garbage,
	// the objects that the last GC did not mark, and of Live, those that it did. So
	// Garbage alone bounds nothing but its own part.
	Now     *int64 `json:"free_os_memory_bytes,omitempty"`
	Garbage int64  `json:"garbage_at_most_bytes,omitempty"`
	Live    int64  `json:"live_at_last_gc_bytes,omitempty"`
	// Stacks of ended goroutines, and free ones: the GC that FreeOSMemory runs
	// frees them; they come on top, at most.
	Stacks int64 `json:"stacks_at_most_bytes,omitempty"`
	// Lazy goes when memory gets short: what was freed lazily, and what
	// FreeOSMemory would free so.
	Lazy int64 `json:"when_short_bytes,omitempty"`
	// Says is all of it in sentences, Short what is told unasked: little where no
	// limit is set, and nothing of a small process.
	Says  []string `json:"says"`
	Short []string `json:"short,omitempty"`
}

// Fit is a proposal.
type Fit struct {
	Bytes int64 `json:"bytes"`
	// Set is how it is written: "GOMEMLIMIT=900MiB".
	Set string `json:"set"`
	// Why is how it comes about, Price what it costs.
	Why   string `json:"why"`
	Price string `json:"price"`
}

// Headroom is how far the heap may grow before the next GC under a GOGC, with the
// same live objects.
type Headroom struct {
	GOGC int `json:"gogc"`
	// Goal is the heap at which a GC ends, Room how much of it is not live.
	Goal int64 `json:"goal_bytes"`
	Room int64 `json:"room_bytes"`
	// Present: it is the GOGC that is set.
	Present bool `json:"present,omitempty"`
}

// adviseLimits is nil where it is not known what is Go's.
func adviseLimits(f *causes.Facts) *Limits {
	parts, known := f.NonGo()
	if !known || f.Stats().Source != "memory" {
		return nil
	}
	l := &Limits{
		Go: f.Counted(), NonGo: causes.Total(parts), Parts: parts, Stuck: f.Stuck(parts),
		Cgroup: f.Sample.Cgroup, GOGC: int(f.Stats().GCPercent),
	}
	if f.Limited() {
		l.MemoryLimit = f.Stats().MemoryLimit
	}
	l.Headroom = headrooms(f.Stats(), f.GoMinor())
	l.Needs, l.Peak = needs(f.Stats()), l.peak(f)
	if minor := f.GoMinor(); minor == 0 || minor >= firstLimit {
		l.Fit = l.fit(f)
	}
	if line := summary.Of(f.Sample, f.Process); line.Freeable.Known {
		l.Live = clamp(f.Stats().HeapMarked)
		l.Now, l.Garbage, l.Lazy = &line.Freeable.Bytes, line.Garbage.Bytes, line.Offered.Bytes
		if line.Freeable.Bytes > 0 || line.Free.Bytes == 0 { // not locked, nor released by MADV_FREE
			l.Stacks = f.Leaf(ledger.StacksDead) + f.Leaf(ledger.StacksIdle)
		}
	}
	l.Says = l.sentences(f)
	l.Short = l.short(f)
	return l
}

// firstLimit is the Go 1 release that knows GOMEMLIMIT, firstScan the one of
// which GOGC counts stacks and globals too.
const (
	firstLimit = 19
	firstScan  = 18
)

// leastHeap is the heap below which no GC starts at GOGC=100
// (runtime.defaultHeapMinimum).
const leastHeap = 4 << 20

// headrooms are those at GOGC of 50 and 200, and at the present one; none before
// the first GC, which tells what is live.
func headrooms(m *mem.MemStats, minor int) (out []Headroom) {
	if m.NumGC == 0 || m.HeapMarked == 0 {
		return nil
	}
	counted, told := grown(m, minor)
	for _, gogc := range gogcs(int(m.GCPercent)) {
		h := Headroom{GOGC: gogc, Present: gogc == int(m.GCPercent)}
		h.Goal = clamp(m.HeapMarked) + counted/100*int64(gogc)
		h.Goal = max(h.Goal, leastHeap/100*int64(gogc))
		if h.Present && told {
			h.Goal = clamp(m.NextGC)
		}
		h.Room = max(h.Goal-clamp(m.HeapMarked), 0)
		out = append(out, h)
	}
	return out
}

// gogcs are those that are told, in order.
func gogcs(present int) []int {
	switch {
	case present < 0 || present == 50 || present == 200:
		return []int{50, 200}
	case present < 50:
		return []int{present, 50, 200}
	case present > 200:
		return []int{50, 200, present}
	}
	return []int{50, present, 200}
}

// grown is what GOGC is a percentage of (runtime.gcControllerState.commit): what
// was marked, and from Go 1.18 on the stacks and globals that were scanned. The
// heap goal tells their sum, where GOGC alone made the goal: told. Else stacks
// count as they are now, and globals do not count.
func grown(m *mem.MemStats, minor int) (bytes int64, told bool) {
	marked, goal, gogc := clamp(m.HeapMarked), clamp(m.NextGC), int64(m.GCPercent)
	if gogc > 0 && !m.Limited() && goal > leastHeap/100*gogc && goal > marked {
		return (goal - marked) * 100 / gogc, true
	}
	if minor > 0 && minor < firstScan {
		return marked, false
	}
	return marked + clamp(m.StackInuse), false
}

// grouped reports whether a limit of a control group is known.
func (l *Limits) grouped() bool {
	return l.Cgroup != nil && l.Cgroup.Limit > 0 && l.Cgroup.Path != "/"
}

// fit is a memory limit for the group's, or for what the process does now.
func (l *Limits) fit(f *causes.Facts) *Fit {
	if l.grouped() {
		return l.fitGroup(f)
	}
	return l.fitAlone(f)
}

// fitGroup: what of the group's limit is left for Go.
func (l *Limits) fitGroup(f *causes.Facts) *Fit {
	room, limit, siblings := f.RoomForGo(l.Stuck), clamp(l.Cgroup.Limit), f.Siblings()
	why := fmt.Sprintf("%s may have %s; less %s that is not Go's and does not go under pressure",
		strings.TrimSpace("the control group "+f.LimitAbove()), size(limit), size(l.Stuck))
	if other := f.Fellows() - siblings; other > 0 {
		why += fmt.Sprintf(", less %s of other processes and of the kernel in the group", size(other))
	}
	if siblings > 0 {
		why += fmt.Sprintf(", less %s of other groups below %s (with their page cache, which was not told apart)", size(siblings), f.LimitAbove())
	}
	why += fmt.Sprintf(", less a tenth (%s) as a margin", size(limit/10))
	switch {
	case room == 0:
		l.NoFit = "No GOMEMLIMIT fits, there is no room for Go: " + why + "."
		return nil
	case !fits(room, f.Stats()):
		l.NoFit = fmt.Sprintf("No GOMEMLIMIT fits: %s: that leaves %s, and Go needs %s and room for garbage, so that the GC would run nearly all the time (up to half of the processors' time).",
			why, size(room), size(l.Needs))
		return nil
	}
	return l.newFit(room, why, f.Stats())
}

// fitAlone: what Go reaches at its heap goal, or did reach at its peak, and a
// tenth. That of the memory that is held against the limit which is not objects
// stays as it is.
func (l *Limits) fitAlone(f *causes.Facts) *Fit {
	present := l.present()
	if present == nil || l.Needs == 0 {
		return nil
	}
	rest := l.Needs - clamp(f.Stats().HeapMarked)
	most := present.Goal + rest
	why := fmt.Sprintf("no limit of a control group is known; by GOGC=%d the heap grows to %s, and stacks, holes in spans and the runtime's own take %s: the sum, and a tenth as a margin",
		l.GOGC, size(present.Goal), size(rest))
	if l.Peak > most {
		why = fmt.Sprintf("no limit of a control group is known; at its peak Go held up to %s: that, and a tenth as a margin; as it is now, %s is the most it grows to",
			size(l.Peak), size(most))
		most = l.Peak
	}
	bytes := causes.RoundLimit(most / 10 * 11)
	if bytes < causes.LeastLimit || !fits(bytes, f.Stats()) {
		return nil
	}
	return l.newFit(bytes, why, f.Stats())
}

// present is the headroom of the GOGC that is set, nil where it is off.
func (l *Limits) present() *Headroom {
	for i := range l.Headroom {
		if l.Headroom[i].Present {
			return &l.Headroom[i]
		}
	}
	return nil
}

// notObjects is what the limit counts beside objects and free memory: holes in
// spans in use, stacks, the runtime's own. The runtime takes it from the limit
// before it makes a heap goal of the rest (gcControllerState.memoryLimitHeapGoal).
func notObjects(m *mem.MemStats) int64 {
	rest := max(clamp(m.Sys)-clamp(m.HeapSys), 0)
	if m.HeapWalked {
		rest += max(clamp(m.HeapInuse)-clamp(m.HeapAlloc), 0)
	}
	return rest
}

// needs is what Go cannot go below as it is; 0 where no GC told what is live, or
// holes in spans are not known.
func needs(m *mem.MemStats) int64 {
	if m.NumGC == 0 || m.HeapMarked == 0 || !m.HeapWalked {
		return 0
	}
	return clamp(m.HeapMarked) + notObjects(m)
}

// left is what a limit leaves for objects that the last GC did not find live: its
// heap goal (memoryLimitHeapGoal: with 3 % taken off, a MiB at the least) less
// these.
func left(limit int64, m *mem.MemStats) int64 {
	goal := limit - notObjects(m)
	return goal - max(goal/100*3, 1<<20) - clamp(m.HeapMarked)
}

// fits reports whether the runtime could keep to the limit without running its GC
// all the time: a tenth of what is live has to be left, as by GOGC=10. True where
// what Go needs is not known.
func fits(limit int64, m *mem.MemStats) bool {
	return needs(m) == 0 || left(limit, m) >= clamp(m.HeapMarked)/10
}

// peak is what Go held at the most: the peak of RES less what is not Go's now,
// and never more than was ever mapped for it.
func (l *Limits) peak(f *causes.Facts) int64 {
	return min(clamp(f.Stats().Sys), max(clamp(f.Sample.VMHWM)-l.NonGo, 0))
}

func (l *Limits) newFit(n int64, why string, m *mem.MemStats) *Fit {
	fit := &Fit{Bytes: n, Set: fmt.Sprintf("GOMEMLIMIT=%dMiB", n>>20), Why: why}
	switch {
	case l.Needs == 0:
		fit.Price = "near it the GC runs more often; whether what is live fits is not known: no GC has run yet, or the heap was not read whole"
	case left(n, m) < clamp(m.HeapMarked)/2: // as by GOGC=50
		fit.Price = fmt.Sprintf("Go needed %s of it at the last GC (live objects, holes, stacks, its own): the GC runs often already", size(l.Needs))
	default:
		fit.Price = fmt.Sprintf("near it the GC runs more often; Go needed %s of it at the last GC (live objects, holes, stacks, its own)", size(l.Needs))
	}
	if l.Peak > n {
		fit.Price += fmt.Sprintf("; at its peak Go held up to %s: so much does not fit", size(l.Peak))
	}
	return fit
}

func size(bytes int64) string { return ledger.Size(bytes) }

// clamp takes a size of a sample into signed numbers; no process has a PiB.
func clamp(size uint64) int64 { return int64(min(size, 1<<50)) }
