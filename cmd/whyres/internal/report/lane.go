package report

import "whyres/collector/mem"

// Lane is one of the lines of marks below the curve of RES.
type Lane string

// The lanes. Offered is memory that the kernel may take when it likes (MADV_FREE);
// a call whose return was not seen, or that does nothing to memory, is Other.
const (
	LaneGC       Lane = "gc"
	LaneReturned Lane = "returned"
	LaneOffered  Lane = "offered"
	LaneMapped   Lane = "mapped"
	LaneRefused  Lane = "refused"
	LaneOther    Lane = "other"
	LaneHuge     Lane = "huge"
	LaneProcess  Lane = "process"
	LaneLost     Lane = "lost"
)

// Kind is what happened, without when and how much.
type Kind struct {
	Lane   Lane     `json:"lane"`
	Call   mem.Call `json:"call,omitempty"`
	Advice string   `json:"advice,omitempty"`
	Who    mem.Who  `json:"who,omitempty"`
	Errno  string   `json:"errno,omitempty"`
	// Note is why a GC ran, what a process did, why events were lost.
	Note string `json:"note,omitempty"`
}

func kindOf(e *mem.Event) Kind {
	return Kind{Lane: laneOf(e), Call: e.Call, Advice: e.Advice, Who: e.Who, Errno: e.Errno}
}

// laneOf: a release that met a hole in the address space (ENOMEM) has released the
// rest, and is no refusal.
func laneOf(e *mem.Event) Lane {
	hole := e.Errno == "ENOMEM" && e.Releases()
	switch {
	case e.Noted(mem.NoteNoReturn):
		return LaneOther
	case e.Failed() && !hole:
		return LaneRefused
	case e.Advice == "MADV_FREE":
		return LaneOffered
	case e.Releases(), e.Call == mem.Munmap:
		return LaneReturned
	case e.Call == mem.Mmap, e.Call == mem.Mremap, e.Call == mem.Brk:
		return LaneMapped
	}
	return LaneOther
}

// processKind is a mark of a process that begins, changes or ends.
func processKind(m *mem.Mark) Kind {
	k := Kind{Lane: LaneProcess, Note: string(m.Kind)}
	switch {
	case m.Kind == mem.MarkExec && m.Comm != "":
		k.Note += ": " + m.Comm
	case m.Kind == mem.MarkEnd && m.Why != "":
		k.Note += ": " + m.Why
	}
	return k
}
