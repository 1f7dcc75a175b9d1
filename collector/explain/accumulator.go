package explain

import (
	"fmt"
	"time"

	"whyres/collector/explain/clock"
	"whyres/collector/ledger"
	"whyres/collector/mem"
	"whyres/collector/space"
)

// maxPIDs bounds how many other processes are told apart.
const maxPIDs = 1024

// Accumulator takes frames in and keeps sums: its size does not grow with the
// length of a trace, but for the released ranges, which are bounded.
type Accumulator struct {
	header *mem.Header
	// process is the header's, until an exec.
	process mem.Process
	pid     int
	first   mem.Instant
	last    mem.Instant
	frames  uint64

	events   bool
	releases Releases
	unmapped Unmapped
	reserved uint64
	byWho    tally[mem.Who, ByWho]
	calls    tally[kind, Calls]
	failed   tally[failure, Failed]
	released *space.Released
	outcomes outcomes
	anew     Outcome
	grown    Grown
	history  history
	others   map[int]bool
	other    uint64

	res       levels
	unknown   uint64
	marked    uint64
	gcs       span
	execs     int
	ended     bool
	lost      uint64
	light     *mem.Sample
	full      *mem.Sample
	forgotten uint64
	clock     clock.Watch
}

type kind struct {
	call   mem.Call
	advice string
}

type failure struct {
	kind
	errno string
}

// span is the lowest and the highest NumGC of the samples.
type span struct {
	seen        bool
	first, last uint32
}

// NewAccumulator is ready for the first frame.
func NewAccumulator() *Accumulator {
	return &Accumulator{released: space.NewReleased(0, 0), history: newHistory(nil, 0, false), others: map[int]bool{}}
}

// Observe takes the next frame. It keeps the header and the last samples that
// it is given, which must not change afterwards.
func (a *Accumulator) Observe(f mem.Frame) {
	if a.frames == 0 {
		a.first, a.history.since = f.At, f.At
	}
	a.frames++
	a.last = max(a.last, f.At)
	a.clock.Frame(f)
	switch {
	case f.Header != nil:
		a.observeHeader(f.Header)
	case f.Event != nil:
		a.observeEvent(f.Event)
	case f.Sample != nil:
		a.observeSample(f.Sample)
	case f.Mark != nil:
		a.observeMark(f.Mark)
	case f.Lost != nil:
		a.lost = max(a.lost, f.Lost.Total)
	}
}

func (a *Accumulator) observeHeader(h *mem.Header) {
	a.header, a.process, a.pid = h, h.Process, h.Process.PID
	a.first, a.last = h.Mono, max(a.last, h.Mono)
	a.events = a.events || h.Attach != ""
	a.released = space.NewReleased(a.pageSize(), 0)
	a.history = newHistory(h, a.first, h.FromStart)
}

// pageSize is 0 where no header said it.
func (a *Accumulator) pageSize() int {
	if a.header == nil {
		return 0
	}
	return a.header.Host.PageSize
}

// mine tells the target's own frames. Where no header came, the first
// process that shows is taken for the target.
func (a *Accumulator) mine(pid int) bool {
	if a.pid == 0 {
		a.pid = pid
	}
	return pid == a.pid
}

func (a *Accumulator) observeEvent(e *mem.Event) {
	a.events = true
	a.last = max(a.last, e.End())
	if !a.mine(e.PID) {
		a.other++
		if len(a.others) < maxPIDs {
			a.others[e.PID] = true
		}
		return
	}
	left := a.observeRES(e)
	a.count(e)
	a.observeHistory(e, left)
	a.released.Apply(e)
	switch {
	case e.Call == mem.Munmap && !e.Failed():
		a.unmapped.Calls++
		a.unmapped.Asked = add(a.unmapped.Asked, e.Len)
		a.unmapped.LeftRES += left
		a.unmapped.Attributed -= e.Attributed
	case e.Call == mem.Mmap && !e.Failed():
		a.reserved = add(a.reserved, e.Len)
	}
}

// observeHistory takes in what became of releases: before the call counts among
// those that released.
func (a *Accumulator) observeHistory(e *mem.Event, left int64) {
	if e.Releases() {
		o := outcomeOf(e, a.history.circumstances(e))
		back := a.outcomes.observe(e, o, a.released)
		a.observeRelease(e, left, back.Bytes)
		a.history.release(e, &o, back)
		return
	}
	if a.history.anew(e) {
		a.anew.add(&Outcome{Calls: 1, Asked: e.Len, Left: -e.Attributed, ToAllocator: e.ToAllocator})
	}
	a.history.call(e)
}

// observeRES follows RES over a call and returns how much lower it is after
// it. An event whose counters are not known exactly, or that was not seen
// entering, tells nothing.
func (a *Accumulator) observeRES(e *mem.Event) (left int64) {
	if e.Noted(mem.NoteRSSUnknown) {
		a.unknown++
		return 0
	}
	before, after := e.Before.Total(), e.After.Total()
	if e.Noted(mem.NoteNoEntry) {
		a.unknown++
		a.res.see(after)
		return 0
	}
	a.res.see(before)
	a.res.see(after)
	return max(0, before-after)
}

func (a *Accumulator) observeRelease(e *mem.Event, left int64, again uint64) {
	r := &a.releases
	r.Calls++
	r.Asked = add(r.Asked, e.Len)
	if refused(e) {
		r.Refused = add(r.Refused, e.Len)
	}
	r.LeftRES += left
	r.Attributed -= e.Attributed
	r.Refaulted = add(r.Refaulted, again)
	r.ToAllocator = sum(r.ToAllocator, e.ToAllocator)
	who := a.byWho.at(e.Who)
	who.Calls++
	who.Asked = add(who.Asked, e.Len)
	who.LeftRES += left
	who.Attributed -= e.Attributed
}

// sum adds what is known, nil where nothing is. It points to neither.
func sum(a, b *int64) *int64 {
	if a == nil && b == nil {
		return nil
	}
	var total int64
	for _, v := range [...]*int64{a, b} {
		if v != nil {
			total += *v
		}
	}
	return &total
}

// count counts the call by its kind, and by its errno where it failed.
func (a *Accumulator) count(e *mem.Event) {
	k := kind{e.Call, e.Advice}
	c := a.calls.at(k)
	c.Calls++
	c.Bytes = add(c.Bytes, e.Len)
	if e.Failed() {
		a.failed.at(failure{k, e.Errno}).Calls++
	}
}

func (a *Accumulator) observeSample(s *mem.Sample) {
	if !a.mine(s.PID) {
		return
	}
	a.last = max(a.last, s.At.Add(time.Duration(s.Dur)))
	a.res.see(s.RSS.Total())
	a.res.highWater(int64(min(s.VMHWM, 1<<62)), a.header != nil && a.header.FromStart)
	a.history.sample(s)
	if s.Full() {
		a.full = s
	} else {
		a.light = s
	}
	if m := s.MemStats; m != nil {
		if !a.gcs.seen {
			a.gcs = span{seen: true, first: m.NumGC}
		}
		a.gcs.last = max(a.gcs.last, m.NumGC)
	}
}

func (a *Accumulator) observeMark(m *mem.Mark) {
	a.history.children.mark(m, a.pid)
	if !a.mine(m.PID) {
		return
	}
	switch m.Kind {
	case mem.MarkGC:
		a.marked++
		if m.First != 0 && m.NumGC > m.First {
			a.marked += uint64(m.NumGC - m.First)
		}
	case mem.MarkExec:
		a.execs++
		a.res.exec()
		a.forgotten += a.released.Forgotten()
		a.released = space.NewReleased(a.pageSize(), 0)
		a.outcomes.exec()
		a.history = newHistory(a.header, m.At, true)
		// The samples are of a program that is gone, and so is what the
		// header says of it.
		a.gcs, a.full, a.light = span{}, nil, nil
		a.process = mem.Process{PID: a.pid, Comm: m.Comm}
		if m.Process != nil {
			a.process = *m.Process
		}
	case mem.MarkCollapse:
		a.res.see(m.RSS.Total())
		a.history.collapse(m)
		a.grown.add(m)
	case mem.MarkExit:
		a.ended = true
	case mem.MarkFork, mem.MarkEnd:
	}
}

// sample is the one that the verdict divides.
func (a *Accumulator) sample() *mem.Sample {
	if a.full != nil {
		return a.full
	}
	return a.light
}

// Verdict sums up all frames so far; more may follow.
func (a *Accumulator) Verdict() Verdict {
	v := Verdict{
		Schema: Schema, MemStats: mem.MemStats{Source: "none"},
		Ledger: []ledger.Part{}, Causes: []Cause{}, Warnings: []string{},
	}
	if h := a.header; h != nil {
		v.Host = h.Host
		v.Time = h.Time.Add(a.last.Sub(h.Mono))
		v.Warnings = append(v.Warnings, h.Missing...)
	}
	v.Process = a.process
	if s := a.sample(); s != nil {
		v.SampleAge = max(0, int64(a.last.Sub(s.At)))
	}
	if a.events {
		v.Trace = a.trace()
	}
	v.divide(a.sample(), a.full)
	if s := a.sample(); s != nil {
		v.judge(a.facts(s, &v))
	}
	v.end(a.ended)
	a.expect(&v)
	v.Warnings = append(v.Warnings, a.warnings()...)
	v.Why = Sentences(&v)
	return v
}

// divide fills in what comes from the sample.
func (v *Verdict) divide(s, full *mem.Sample) {
	if s == nil {
		v.Warnings = append(v.Warnings, "the process was never looked at: where its RES is cannot be told")
		return
	}
	l := ledger.Build(s, v.Process)
	v.RES, v.Ledger = l.RES, l.Parts
	v.Warnings = append(v.Warnings, l.Warnings...)
	v.Smaps, v.Pages, v.Mappings = s.Smaps, s.Pages, mappingsOf(s, v.Process)
	if s.Unsteady() {
		v.Moved = s.Moved
		v.Warnings = append(v.Warnings, fmt.Sprintf("RES moved by %s while it was read: the parts are of different instants, and off by about as much",
			ledger.Size(max(s.Moved, -s.Moved))))
	}
	if s.MemStats != nil {
		v.MemStats = *s.MemStats
		if at := s.MemStats.LastGC; at > 0 && at <= s.At {
			v.LastGCAgo = int64(s.At.Sub(at))
		}
	}
	if v.Trace != nil && full != nil && full.Returned != nil {
		v.Releases.Refaulted = add(v.Releases.Refaulted, full.Returned.Resident)
		// What never left, for instance lazily freed memory, cannot be back.
		v.Releases.Refaulted = min(v.Releases.Refaulted, uint64(max(0, v.Releases.Attributed)))
	}
}

func (a *Accumulator) trace() *Trace {
	t := &Trace{
		Releases: a.releases, Unmapped: a.unmapped, Reserved: a.reserved,
		GCs: a.countGCs(), Lost: a.lost,
		RESStart: a.res.start, RESPeak: a.res.peak, RESEnd: a.res.end,
		Collapses:      a.grown,
		Duration:       int64(a.last.Sub(a.first)),
		OtherProcesses: OtherProcesses{Events: a.other, PIDs: len(a.others)},
	}
	t.ByWho, t.Calls, t.Failed = a.tables()
	t.Outcomes = a.outcomes.table()
	if a.anew.Calls > 0 {
		anew := a.anew
		t.MappedAnew = &anew
	}
	return t
}

// add is a sum that stays at the most instead of wrapping: lengths are
// whatever the target passed.
func add(a, b uint64) uint64 {
	if sum := a + b; sum >= a {
		return sum
	}
	return ^uint64(0)
}
