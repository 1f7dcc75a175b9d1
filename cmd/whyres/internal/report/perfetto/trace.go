package perfetto

import (
	"bufio"
	"io"

	"whyres/collector/mem"
)

// Bounds on what gets tracks of its own. What comes when there are so many goes to
// the target's track, as instants that say whose they are.
const (
	maxProcesses = 1 << 10
	maxThreads   = 1 << 16
)

// Trace writes a recording's frames as packets. Close must be called at the end.
type Trace struct {
	out    *bufio.Writer
	err    error // of the writer; nothing is written after it
	packet message
	key    []byte // scratch
	text   int    // bytes of the texts that are kept

	opened    bool
	begun     int64 // tells this trace's tracks from those of others
	target    *process
	processes map[int]*process
	threads   int
	last      mem.Instant
	damaged   int // lines
}

// New begins a trace on w.
func New(w io.Writer) *Trace {
	return &Trace{out: bufio.NewWriterSize(w, 64<<10), processes: map[int]*process{}}
}

// Observe writes what the next frame tells, and keeps nothing that it points to. It
// fails where the writer does, and on nothing that a recording can hold.
func (t *Trace) Observe(f mem.Frame) error {
	t.last = max(t.last, f.At)
	switch {
	case f.Header != nil && !t.opened:
		t.open(f.Header)
	case f.Event != nil:
		p, own := t.process(f.Event.PID)
		p.call(f.Event, own)
	case f.Sample != nil:
		if p, own := t.process(f.Sample.PID); own {
			p.sample(f.Sample)
		}
	case f.Mark != nil:
		p, own := t.process(f.Mark.PID)
		p.mark(f.Mark, own)
	case f.Lost != nil:
		if t.target == nil {
			t.process(0)
		}
		t.target.lost(f.Lost)
	}
	return t.err
}

// Close writes what is still held back. It does not close the writer.
func (t *Trace) Close() error {
	t.unmarked()
	if t.err == nil {
		t.err = t.out.Flush()
	}
	return t.err
}

// open writes what the header tells.
func (t *Trace) open(h *mem.Header) {
	t.opened, t.begun = true, int64(h.Mono)^h.Time.UnixNano()
	p, _ := t.process(h.Process.PID)
	t.target = p
	p.rename(h.Process.Comm, h.Process.Exe, h.Process.GoVersion)
	p.write(func(m *message) { clocks(m, h) })
	p.write(func(m *message) {
		m.nest(packetSystemInfo, func() {
			m.nest(systemInfoUtsname, func() {
				m.text(utsnameSysname, "Linux")
				m.text(utsnameVersion, clean(h.Host.Build))
				m.text(utsnameRelease, clean(h.Host.Kernel))
				m.text(utsnameMachine, clean(h.Host.Arch))
			})
		})
	})
	p.instant(p.track, h.Mono, "trace begins", func() {
		p.annotateText("whyres", h.Tool)
		p.annotateText("go_version", h.Process.GoVersion)
		p.annotateText("thp", h.Host.THP)
		p.annotateTexts("missing", h.Missing)
	})
}

// clocks says that timestamps are CLOCK_MONOTONIC, and what the wall clock was at
// one of them.
func clocks(m *message, h *mem.Header) {
	m.nest(packetClockSnapshot, func() {
		clock := func(id uint64, ns int64) {
			m.nest(clockSnapshotClocks, func() {
				m.uint(clockID, id)
				m.uint(clockTimestamp, uint64(ns))
			})
		}
		clock(clockMonotonic, int64(max(0, h.Mono)))
		if ns := h.UnixNano(); ns > 0 {
			clock(clockRealtime, ns)
		}
		m.uint(clockSnapshotPrimary, clockMonotonic)
	})
}

// write writes one packet of the process's sequence: fill appends its fields.
func (p *process) write(fill func(m *message)) {
	t, m := p.trace, &p.trace.packet
	m.b = m.b[:0]
	m.nest(traceTracePacket, func() {
		fill(m)
		m.uint(packetSequenceID, p.sequence)
		flags := uint64(sequenceNeedsState)
		if !p.begun {
			p.begun, flags = true, sequenceCleared
			p.defaults(m)
		}
		m.uint(packetSequenceFlags, flags)
		if fresh := p.fresh.b; len(fresh) > 0 {
			m.nest(packetInternedData, func() { m.b = append(m.b, fresh...) })
			p.fresh.b = fresh[:0]
		}
	})
	if t.err == nil {
		_, t.err = t.out.Write(m.b)
	}
}
