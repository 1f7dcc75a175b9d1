package target

import (
	"errors"
	"strings"
	"unsafe"

	"whyres/collector/goruntime"
	"whyres/collector/mem"
)

// Bounds on what is kept of targets' stacks.
const (
	maxProcesses = 64
	maxStacks    = 1 << 14
)

// Names says who made a call; it is the collector's Namer. It serves the
// process and its children.
type Names struct {
	proc      string
	target    int // the process that the trace is of
	processes map[int]*stacks
	limit     goruntime.LimitState
}

// NewNames makes one for processes whose procfs is mounted at proc.
func NewNames(proc string) *Names {
	return &Names{proc: proc, processes: map[int]*stacks{}}
}

// stacks are those of one process, named.
type stacks struct {
	symbols *goruntime.Symbolizer // nil: the program could not be opened
	known   map[string]named
}

// named is a stack in words. A stack through the allocator's scavenging means
// the memory limit or growth, as the runtime's goals stand.
type named struct {
	frames []string
	who    [goruntime.LimitReached + 1]mem.Who // by goruntime.LimitState
}

// Know makes this the process that the trace is of, and opens its program now,
// while it is there: by the time that its first events are read a short-lived
// process has ended.
func (n *Names) Know(pid int) {
	n.target = pid
	n.of(pid)
}

// Name fills in the event's Stack and Who.
func (n *Names) Name(e *mem.Event) {
	e.Who = mem.WhoUnknown
	if len(e.PCs) == 0 {
		return
	}
	s := n.of(e.PID)
	got, ok := s.known[key(e.PCs)]
	if !ok {
		got = s.name(e.End(), e.PCs)
		if len(s.known) >= maxStacks {
			clear(s.known)
		}
		s.known[strings.Clone(key(e.PCs))] = got
	}
	e.Stack, e.Who = got.frames, got.who[n.limit]
}

func (s *stacks) name(at mem.Instant, pcs []uint64) (out named) {
	if s.symbols != nil {
		out.frames = s.symbols.Stack(at, pcs)
	}
	for limit := range out.who {
		out.who[limit] = goruntime.Classify(out.frames, goruntime.LimitState(limit))
	}
	return out
}

// of finds or opens a process's program. One that is gone already stays
// unknown.
func (n *Names) of(pid int) *stacks {
	if s, ok := n.processes[pid]; ok {
		return s
	}
	if len(n.processes) >= maxProcesses {
		n.forgetAll()
	}
	s := &stacks{known: map[string]named{}}
	if symbols, err := goruntime.NewSymbolizer(n.proc, pid); err == nil {
		s.symbols = symbols
	}
	n.processes[pid] = s
	return s
}

// Mark keeps up with programs that begin and end.
func (n *Names) Mark(m *mem.Mark) {
	switch m.Kind {
	case mem.MarkExec:
		n.forget(m.PID)
		if m.PID == n.target {
			m.Process = n.program(m.PID, m.Comm)
		}
	case mem.MarkExit:
		n.forget(m.PID)
	}
}

// Sample remembers whether the memory limit is what the scavenger works for.
func (n *Names) Sample(s *mem.Sample) {
	if s.MemStats != nil {
		n.limit = goruntime.LimitStateOf(s.MemStats)
	}
}

// Close lets all programs go.
func (n *Names) Close() { n.forgetAll() }

func (n *Names) forgetAll() {
	for pid := range n.processes {
		n.forget(pid)
	}
}

func (n *Names) forget(pid int) {
	if s := n.processes[pid]; s != nil && s.symbols != nil {
		_ = s.symbols.Close()
	}
	delete(n.processes, pid)
}

// program is what the process runs now, nil if it has ended.
func (n *Names) program(pid int, comm string) *mem.Process {
	rt, err := goruntime.Open(n.proc, pid)
	if rt == nil || rt.Binary.Exe == "" || errors.Is(err, goruntime.ErrGone) {
		return nil
	}
	return &mem.Process{PID: pid, Comm: comm, Exe: rt.Binary.Exe, GoVersion: rt.Binary.GoVersion, Cgo: rt.Binary.Cgo}
}

// key is the addresses as a string, for look-up without a copy.
func key(pcs []uint64) string {
	return unsafe.String((*byte)(unsafe.Pointer(&pcs[0])), len(pcs)*8)
}
