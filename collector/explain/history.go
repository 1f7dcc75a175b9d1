package explain

import (
	"math"
	"strings"

	"whyres/collector/explain/causes"
	"whyres/collector/mem"
	"whyres/collector/space"
)

// history gathers what a trace tells the causes, of one program: an exec starts
// it anew. Its size is bounded whatever the length of the trace.
type history struct {
	page  int
	cpus  int
	since mem.Instant
	// fromStart: the program was traced from its first call.
	fromStart bool
	t         causes.Trace
	again     returned
	children  children
	resident  resident
	marks     marks
	counts    []causes.GoroutineCount
	// full and any are the newest samples, full the newest with mappings.
	full, any *mem.Sample
}

func newHistory(h *mem.Header, since mem.Instant, fromStart bool) history {
	out := history{since: since, fromStart: fromStart}
	if h != nil {
		out.page, out.cpus = h.Host.PageSize, h.Host.CPUs
	}
	if out.page <= 0 || out.page > 1<<20 {
		out.page = 4096 // a damaged header: the pages of nearly every machine
	}
	out.resident = resident{set: space.NewSet(maxResident), page: mem.Addr(out.page)}
	return out
}

// maxBatch is how many freshly touched pages a CPU holds back from the allocator
// (PAGEVEC_SIZE, include/linux/pagevec.h).
const maxBatch = 31

// circumstances are those of a release, before it is taken in.
func (h *history) circumstances(e *mem.Event) circumstances {
	span := mem.RangeAt(e.Addr, e.Len)
	return circumstances{
		locked: h.locked(span) && span.Start%mem.Addr(h.page) == 0, resident: h.resident.holds(e), child: h.children.any(),
		huge: h.huge(span), late: maxBatch * int64(h.cpus) * int64(h.page),
	}
}

// locked: the process has locked memory, and the newest sample of all mappings
// shows none there that is not. What it counts as locked are resident pages: of a
// mapping without any, or one that is newer, it tells nothing.
func (h *history) locked(span mem.Range) bool {
	if h.any == nil || h.any.VMLck == 0 {
		return false
	}
	if h.full == nil || h.any.VMLck > h.full.VMLck {
		return true
	}
	free := false
	for i := range h.full.VMAs {
		switch v := &h.full.VMAs[i]; {
		case v.Intersect(span).Empty():
		case v.Locked > 0:
			return true
		case v.Rss > 0:
			free = true
		}
	}
	return !free
}

// huge: the mappings have huge pages, or khugepaged has made some, and the range
// begins or ends within one.
func (h *history) huge(span mem.Range) bool {
	whole := mem.Addr(h.page) * mem.Addr(h.page) / 8 // a table of 8-byte entries
	if span.Start%whole == 0 && span.End%whole == 0 {
		return false
	}
	if h.t.Collapses.Calls > 0 {
		return true
	}
	if h.full == nil {
		return false
	}
	for i := range h.full.VMAs {
		if v := &h.full.VMAs[i]; v.AnonHugePages > 0 && !v.Intersect(span).Empty() {
			return true
		}
	}
	return false
}

// call takes a call of the target in that is no release.
func (h *history) call(e *mem.Event) {
	switch {
	case h.anew(e):
		h.t.Fixed.Add(e.Len)
	case e.Failed():
	case !ofRuntime(e.Who):
		if e.Advice == "MADV_HUGEPAGE" || e.Advice == "MADV_COLLAPSE" {
			h.t.HugeByOthers.Add(e.Len)
		}
	case e.Advice == "MADV_HUGEPAGE":
		h.t.HugeAdvice.Add(e.Len)
	case e.Advice == "MADV_COLLAPSE":
		h.t.CollapseAdvice.Add(e.Len)
	case e.Advice == "MADV_NOHUGEPAGE":
		h.t.NoHugeAdvice.Add(e.Len)
	}
	h.resident.apply(e)
}

// release takes a release in, what became of it, and what it showed to have been
// taken again.
func (h *history) release(e *mem.Event, o *Outcome, back returned) {
	t := &h.t
	t.Asked.Add(e.Len)
	t.Left += o.Left
	h.again.Bytes, h.again.Soon = add(h.again.Bytes, back.Bytes), add(h.again.Soon, back.Soon)
	if o.ToAllocator != nil {
		t.Measured += o.Left
		t.ToAllocator += *o.ToAllocator
	}
	if e.Who == mem.WhoLimit {
		t.AtLimit.Add(e.Len)
	}
	if h.children.any() && !refused(e) {
		t.Shared.Add(e.Len)
	}
	if o.Why == WhyLazy {
		t.Lazy.Add(e.Len)
	}
	if h.own(e) {
		h.releaseOwn(e, o)
	}
	h.resident.apply(e)
}

// releaseOwn takes in what the kernel did with a release of the runtime's own:
// that somebody else's was refused tells nothing of Go's heap.
func (h *history) releaseOwn(e *mem.Event, o *Outcome) {
	t := &h.t
	t.Own.Add(e.Len)
	t.OwnLeft += o.Left
	if t.OwnRES == 0 && !e.Noted(mem.NoteRSSUnknown) {
		t.OwnRES = e.After.Total()
	}
	switch {
	case refused(e):
		h.refuse(e, o.Why)
	case o.Why == WhyNoEffect:
		t.NoEffect.Add(e.Len)
	}
}

// own: the runtime releases a part of its heap, by its stack, or, where that is
// not known, by the place.
func (h *history) own(e *mem.Event) bool {
	return ofRuntime(e.Who) || (e.Who == mem.WhoUnknown || e.Who == "") && h.wasHeap(mem.RangeAt(e.Addr, e.Len))
}

// maxErrnos bounds Refused: the names in a recording are whatever stands there.
const maxErrnos = 64

func (h *history) refuse(e *mem.Event, why Why) {
	t := &h.t
	if t.Refused == nil {
		t.Refused = map[string]causes.Sum{}
	}
	sum, there := t.Refused[e.Errno]
	if !there && len(t.Refused) >= maxErrnos {
		return
	}
	sum.Add(e.Len)
	t.Refused[e.Errno] = sum
	if why == WhyRefusedLocked {
		t.RefusedLocked.Add(e.Len)
	}
}

// ofRuntime: the Go runtime made the call for a purpose of its own.
func ofRuntime(who mem.Who) bool {
	switch who {
	case mem.WhoBackground, mem.WhoGrowth, mem.WhoLimit, mem.WhoForced, mem.WhoStack, mem.WhoRuntime:
		return true
	}
	return false
}

// What mmap is asked for by runtime.sysUnusedOS (mem_linux.go, Go 1.21+) where the
// kernel has refused madvise: the same on every architecture of Linux that
// whyres runs on.
const (
	readWrite    = 0x1 | 0x2          // PROT_READ, PROT_WRITE
	fixedPrivate = 0x02 | 0x10 | 0x20 // MAP_PRIVATE, MAP_FIXED, MAP_ANONYMOUS
)

// anew: the runtime mapped a part of its heap anew, in place of a release. The
// stack tells it from the mapping of a fresh arena, which asks for the same
// (sysMapOS); without a stack, that the place was heap and writable before.
func (h *history) anew(e *mem.Event) bool {
	if e.Call != mem.Mmap || e.Failed() || e.Prot != readWrite || e.MapFlags&fixedPrivate != fixedPrivate {
		return false
	}
	for _, frame := range e.Stack {
		if name := strings.TrimSuffix(frame, ".abi0"); name == "runtime.sysUnused" || name == "runtime.sysUnusedOS" {
			return true
		}
	}
	return len(e.Stack) == 0 && h.wasHeap(mem.RangeAt(e.Addr, e.Len))
}

// wasHeap: the newest sample of all mappings had the range in Go's heap, and
// writable.
func (h *history) wasHeap(span mem.Range) bool {
	if h.full == nil || h.full.Pages == nil {
		return false
	}
	inside := func(r mem.Range) bool { return r.Start <= span.Start && span.End <= r.End }
	var heap, writable bool
	for _, arena := range h.full.Pages.Arenas {
		heap = heap || inside(arena)
	}
	for i := range h.full.VMAs {
		writable = writable || inside(h.full.VMAs[i].Range) && strings.HasPrefix(h.full.VMAs[i].Perms, "rw")
	}
	return heap && writable
}

// sample takes a sample of the target in.
func (h *history) sample(s *mem.Sample) {
	t := &h.t
	if h.any == nil {
		t.RESFirst, t.SwapFirst = s.RSS.Total(), s.RSS.Swap
	}
	t.SwapLast = s.RSS.Swap
	if s.Smaps != nil {
		t.HugePages = max(t.HugePages, s.Smaps.AnonHugePages)
	}
	h.any = s
	h.marks.see(s)
	if !s.Full() {
		return
	}
	h.full = s
	h.resident.sample(s)
	if p := s.Pages; p != nil && p.Goroutines != nil {
		if t.GoroutinesFirst == 0 {
			t.GoroutinesFirst = p.Goroutines.Count
		}
		t.GoroutinesLast = p.Goroutines.Count
		h.counts = append(thinned(h.counts), causes.GoroutineCount{At: s.At, Count: p.Goroutines.Count})
	}
}

// collapse takes a huge page in that khugepaged made.
func (h *history) collapse(m *mem.Mark) {
	switch {
	case m.Asked:
	case m.Grew != nil:
		grew := uint64(max(0, *m.Grew))
		h.t.Collapses.Add(grew)
		left := uint64(max(0, h.t.OwnLeft))
		h.t.Refilled += min(grew, left-min(left, h.t.Refilled))
	default:
		h.t.Collapses.Add(0)
		h.t.Untold++
	}
}

// trace is all of it, as of now.
func (h *history) trace(last mem.Instant, lost uint64) *causes.Trace {
	t := h.t
	t.Duration, t.Lost, t.FromStart = last.Sub(h.since), lost, h.fromStart
	t.Refaulted = h.again.Bytes
	if h.full != nil && h.full.Returned != nil {
		t.StillThere = h.full.Returned.Resident
		t.Refaulted = add(t.Refaulted, t.StillThere)
	}
	t.Refaulted = min(t.Refaulted, uint64(max(0, t.Left)))
	t.RefaultedSoon = min(h.again.Soon, t.Refaulted)
	t.Marked = h.marks.list()
	t.GoroutineCounts = append([]causes.GoroutineCount(nil), h.counts...)
	t.Refused = copied(t.Refused)
	return &t
}

func copied(sums map[string]causes.Sum) map[string]causes.Sum {
	if len(sums) == 0 {
		return nil
	}
	out := make(map[string]causes.Sum, len(sums))
	for name, sum := range sums {
		out[name] = sum
	}
	return out
}

// marks are what GCs found live.
type marks struct {
	seen []causes.Marked
}

// see notes the newest GC.
func (g *marks) see(s *mem.Sample) {
	m := s.MemStats
	if m == nil || m.HeapMarked == 0 || m.HeapMarked > math.MaxInt64 {
		return
	}
	if n := len(g.seen); n > 0 && g.seen[n-1].NumGC >= m.NumGC {
		return
	}
	g.seen = append(thinned(g.seen), causes.Marked{NumGC: m.NumGC, At: s.At, Bytes: m.HeapMarked})
}

// thinned has room for one more: when there are too many points, every second one
// between the first and the newest is dropped, so that what is left spans the
// whole trace.
func thinned[P any](points []P) []P {
	if len(points) < causes.MaxMarked {
		return points
	}
	kept, last := points[:1], points[len(points)-1]
	for i := 2; i < len(points); i += 2 {
		kept = append(kept, points[i])
	}
	return append(kept, last)
}

func (g *marks) list() []causes.Marked { return append([]causes.Marked(nil), g.seen...) }
