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
	// Fit is a memory limit that would fit, nil where none does or Go has none.
	Fit *Fit `json:"fit,omitempty"`
	// GOGC is -1 where it is off; Headroom is its effect on the heap.
	GOGC     int        `json:"gogc"`
	Headroom []Headroom `json:"headroom,omitempty"`
	// Now is what debug.FreeOSMemory would take out of RES at once, beside
	// garbage; nil where that is not known. Garbage comes on top, at most.
	Now     *int64 `json:"free_os_memory_bytes,omitempty"`
	Garbage int64  `json:"garbage_at_most_bytes,omitempty"`
	// Stacks of ended goroutines, and free ones: the GC that FreeOSMemory runs
	// frees them; they come on top, at most.
	Stacks int64 `json:"stacks_at_most_bytes,omitempty"`
	// Says is all of it in sentences.
	Says []string `json:"says"`
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
	if minor := f.GoMinor(); minor == 0 || minor >= firstLimit {
		l.Fit = fit(l, f)
	}
	if line := summary.Of(f.Sample, f.Process, f.Host); line.Freeable.Known {
		l.Now, l.Garbage = &line.Freeable.Bytes, line.Garbage.Bytes
		if line.Freeable.Bytes > 0 || line.Free.Bytes == 0 { // not locked, nor released by MADV_FREE
			l.Stacks = f.Leaf(ledger.StacksDead) + f.Leaf(ledger.StacksIdle)
		}
	}
	l.Says = l.sentences(f)
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
	limited := m.MemoryLimit > 0 && m.MemoryLimit < 1<<62
	if gogc > 0 && !limited && goal > leastHeap/100*gogc && goal > marked {
		return (goal - marked) * 100 / gogc, true
	}
	if minor > 0 && minor < firstScan {
		return marked, false
	}
	return marked + clamp(m.StackInuse), false
}

// fit is a memory limit for the group's, or for what the process does now.
func fit(l *Limits, f *causes.Facts) *Fit {
	if l.Cgroup != nil && l.Cgroup.Limit > 0 && l.Cgroup.Path != "/" {
		return l.fitGroup(f)
	}
	return l.fitAlone(f)
}

// fitGroup: what of the group's limit is left for Go.
func (l *Limits) fitGroup(f *causes.Facts) *Fit {
	room, limit := f.RoomForGo(l.Stuck), clamp(l.Cgroup.Limit)
	if room == 0 {
		return nil
	}
	why := fmt.Sprintf("the control group may have %s; less %s that is not Go's and does not go under pressure", size(limit), size(l.Stuck))
	if other := f.Fellows(); other > 0 {
		why += fmt.Sprintf(", less %s of other processes and of the kernel in the group", size(other))
	}
	return newFit(room, why+fmt.Sprintf(", less a tenth (%s) as a margin", size(limit/10)), l.floor(f))
}

// fitAlone: what Go reaches at its heap goal, and a tenth. That of the memory
// that is held against the limit which is not heap stays as it is.
func (l *Limits) fitAlone(f *causes.Facts) *Fit {
	goal := int64(0)
	for _, h := range l.Headroom {
		if h.Present {
			goal = h.Goal
		}
	}
	if goal == 0 {
		return nil
	}
	rest := l.notHeap(f.Stats())
	why := fmt.Sprintf("no limit of a control group is known; by GOGC=%d the heap grows to %s, and stacks and the runtime's own take %s: the sum, and a tenth as a margin",
		l.GOGC, size(goal), size(rest))
	bytes := causes.RoundLimit((goal + rest) / 10 * 11)
	if bytes < causes.LeastLimit {
		return nil
	}
	return newFit(bytes, why, l.floor(f))
}

// notHeap is what the limit counts beside the heap: stacks and the runtime's own.
func (l *Limits) notHeap(m *mem.MemStats) int64 {
	return max(clamp(m.Sys)-clamp(m.HeapSys), 0)
}

// floor is what Go cannot go below: live objects, and what is not heap.
func (l *Limits) floor(f *causes.Facts) int64 {
	return clamp(f.Stats().HeapMarked) + l.notHeap(f.Stats())
}

func newFit(n int64, why string, floor int64) *Fit {
	fit := &Fit{Bytes: n, Set: fmt.Sprintf("GOMEMLIMIT=%dMiB", n>>20), Why: why}
	switch {
	case floor > n:
		fit.Price = fmt.Sprintf("it does not fit what is live: Go needs %s at the least, so that the GC would run without end (up to half of the processors' time)", size(floor))
	case floor > n/4*3:
		fit.Price = fmt.Sprintf("of it %s are in use always: the GC runs often already", size(floor))
	default:
		fit.Price = fmt.Sprintf("near it the GC runs more often; of it %s are in use always", size(floor))
	}
	return fit
}

// sentences say it all, one thing each.
func (l *Limits) sentences(f *causes.Facts) []string {
	var out []string
	say := func(format string, args ...any) { out = append(out, fmt.Sprintf(format, args...)) }
	say("Of RES %s are not Go's, and GOMEMLIMIT does not count them%s; of Go's own it counts %s.", size(l.NonGo), l.partsText(f), size(l.Go))
	if text := l.groupText(f); text != "" {
		say("%s", text)
	}
	say("%s", l.limitText(f))
	if l.Fit != nil {
		say("%s would fit: %s. Its price: %s.", l.Fit.Set, l.Fit.Why, l.Fit.Price)
	} else if l.Cgroup != nil && l.Cgroup.Limit > 0 && f.GoMinor() >= firstLimit {
		say("No GOMEMLIMIT fits: what is not Go's leaves no room below the control group's limit.")
	}
	if text := l.gogcText(f.Stats()); text != "" {
		say("%s", text)
	}
	if text := l.nowText(f); text != "" {
		say("%s", text)
	}
	if virt := clamp(f.Sample.VMSize); virt > 16*f.RES() && virt > 4<<30 {
		say("VIRT is %s: address space that was set aside, not memory (whyres explain --cause virt-not-res).", size(virt))
	}
	return out
}

func (l *Limits) partsText(f *causes.Facts) string {
	if text := causes.InWords(l.Parts, max(f.RES()/50, 1<<20)); text != "" {
		return ": " + text
	}
	return ""
}

func (l *Limits) groupText(f *causes.Facts) string {
	g := l.Cgroup
	if g == nil || g.Path == "/" {
		return ""
	}
	whose := "of this process alone"
	if g.Processes != 1 {
		whose = "of all its processes"
	}
	text := fmt.Sprintf("The control group is charged %s, %s; its working set, which orchestrators show, is %s; RES is %s", size(clamp(g.Usage)), whose, size(clamp(g.WorkingSet)), size(f.RES()))
	if g.Limit > 0 {
		return text + fmt.Sprintf(". Its limit is %s.", size(clamp(g.Limit)))
	}
	return text + ". It has no limit."
}

func (l *Limits) limitText(f *causes.Facts) string {
	minor := f.GoMinor()
	switch {
	case minor > 0 && minor < firstLimit:
		return fmt.Sprintf("%s knows no GOMEMLIMIT: that came with Go 1.%d.", f.Process.GoVersion, firstLimit)
	case l.MemoryLimit == 0:
		return "No GOMEMLIMIT is set: GOGC alone decides when a GC comes."
	}
	text := fmt.Sprintf("A memory limit of %s is set", size(l.MemoryLimit))
	if l.Go > l.MemoryLimit {
		return text + fmt.Sprintf(": Go is %s above it.", size(l.Go-l.MemoryLimit))
	}
	return text + fmt.Sprintf(": Go may use %s more.", size(l.MemoryLimit-l.Go))
}

func (l *Limits) gogcText(m *mem.MemStats) string {
	if len(l.Headroom) == 0 {
		return ""
	}
	var goals []string
	for _, h := range l.Headroom {
		text := fmt.Sprintf("%s at GOGC=%d", size(h.Goal), h.GOGC)
		if h.Present {
			text += " (as it is set)"
		}
		goals = append(goals, text)
	}
	text := fmt.Sprintf("With %s live the heap grows before each GC to %s", size(clamp(m.HeapMarked)), strings.Join(goals, ", "))
	switch {
	case l.GOGC < 0 && l.MemoryLimit > 0:
		text += "; GOGC is off: it grows to the memory limit"
	case l.GOGC < 0:
		text += "; GOGC is off: it grows without end"
	case l.MemoryLimit > 0:
		text += "; sooner near the memory limit"
	}
	return text + "."
}

func (l *Limits) nowText(f *causes.Facts) string {
	if l.Now == nil {
		return ""
	}
	text := fmt.Sprintf("Now: debug.FreeOSMemory would take %s out of RES at once", size(*l.Now))
	if l.Garbage >= 1<<20 {
		text += fmt.Sprintf(", and what of %s has died (at most)", size(l.Garbage))
	}
	if l.Stacks >= 1<<20 {
		text += fmt.Sprintf(", and up to %s of stacks that no goroutine uses", size(l.Stacks))
	}
	if lazy := f.Leaf(ledger.ReleasedLazy); lazy > 0 {
		text += fmt.Sprintf("; %s more go when memory gets short", size(lazy))
	}
	return text + "; it runs a whole GC first, and its caller waits for both."
}

func size(bytes int64) string { return ledger.Size(bytes) }

// clamp takes a size of a sample into signed numbers; no process has a PiB.
func clamp(size uint64) int64 { return int64(min(size, 1<<50)) }
