package perfetto

import (
	"encoding/binary"
	"hash/fnv"

	"whyres/collector/mem"
)

// process has a sequence of packets of its own, with tables and defaults.
type process struct {
	trace    *Trace
	pid      int
	sequence uint64
	begun    bool
	track    uint64
	counters [counters]uint64
	extra    map[string]uint64 // tracks for instants, by their names
	threads  map[int]*thread
	tables
}

// thread is a track of calls.
type thread struct {
	track uint64
	end   mem.Instant // of the last call
}

// process is that of a pid; the target for one too many: then it is not its own.
func (t *Trace) process(pid int) (p *process, own bool) {
	if p := t.processes[pid]; p != nil {
		return p, true
	}
	if len(t.processes) >= maxProcesses {
		return t.target, false
	}
	p = &process{
		trace: t, pid: pid, sequence: uint64(len(t.processes)) + 1,
		extra: map[string]uint64{}, threads: map[int]*thread{}, tables: newTables(),
	}
	t.processes[pid] = p
	if t.target == nil {
		t.target = p
	}
	p.begin()
	return p, true
}

// begin describes the process's tracks. Its name is not known yet.
func (p *process) begin() {
	p.track = p.uuid("process", 0)
	for i, c := range counterTracks() {
		p.counters[i] = p.uuid(c.name, 0)
	}
	p.rename("")
	for i, c := range counterTracks() {
		p.write(func(m *message) {
			m.nest(packetTrackDescriptor, func() {
				m.uint(trackUUID, p.counters[i])
				m.uint(trackParent, p.track)
				m.text(trackName, c.name)
				m.text(trackDescription, c.what)
				m.nest(trackCounter, func() { m.uint(counterUnit, unitBytes) })
			})
		})
	}
}

// rename describes the process by the name of its program, "" for not known.
func (p *process) rename(name string, labels ...string) {
	p.write(func(m *message) {
		m.nest(packetTrackDescriptor, func() {
			m.uint(trackUUID, p.track)
			m.nest(trackProcess, func() {
				m.int(processPID, int64(int32(p.pid)))
				m.text(processName, clean(name))
				for _, label := range labels {
					m.text(processLabels, clean(label))
				}
			})
		})
	})
}

// defaults hold for the packets of the sequence: the clock, and which counters the
// values beside a call are of.
func (p *process) defaults(m *message) {
	m.nest(packetDefaults, func() {
		m.uint(defaultsClockID, clockMonotonic)
		m.nest(defaultsTrackEvent, func() {
			for _, track := range p.counters[:besideCalls] {
				m.uint(eventExtraCounterTracks, track)
			}
		})
	})
}

// thread is the track of a thread, nil for one too many. Threads have no names in
// a recording, and none is made up: it would hide what other traces of the host
// know.
func (p *process) thread(tid int) *thread {
	if th := p.threads[tid]; th != nil {
		return th
	}
	if p.trace.threads >= maxThreads {
		return nil
	}
	p.trace.threads++
	th := &thread{track: p.uuid("thread", tid)}
	p.threads[tid] = th
	p.write(func(m *message) {
		m.nest(packetTrackDescriptor, func() {
			m.uint(trackUUID, th.track)
			m.nest(trackThread, func() {
				m.int(threadPID, int64(int32(p.pid)))
				m.int(threadTID, int64(tid))
			})
		})
	})
	return th
}

// sideTrack is a track of the process for instants of one kind.
func (p *process) sideTrack(name string) uint64 {
	if track := p.extra[name]; track != 0 {
		return track
	}
	track := p.uuid(name, 0)
	p.extra[name] = track
	p.write(func(m *message) {
		m.nest(packetTrackDescriptor, func() {
			m.uint(trackUUID, track)
			m.uint(trackParent, p.track)
			m.text(trackName, name)
		})
	})
	return track
}

// uuid makes the number of a track, which must be no other's, not even of a trace
// that this one is shown with.
func (p *process) uuid(what string, tid int) uint64 {
	h := fnv.New64a()
	b := append([]byte("whyres "), what...)
	for _, n := range [...]int64{p.trace.begun, int64(p.pid), int64(tid)} {
		b = binary.LittleEndian.AppendUint64(b, uint64(n))
	}
	_, _ = h.Write(b) // never fails
	return max(1, h.Sum64())
}
