package diff

import (
	"whyres/collector/course"
	"whyres/collector/explain"
	"whyres/collector/mem"
)

// Side is one recording, read to its end.
type Side struct {
	Name    string
	Header  mem.Header
	Course  course.Course
	Verdict explain.Verdict
	Damaged int
	// Cut: the recording ends in the middle: what its end came to is not known.
	Cut bool
}

// CompareRecordings lays two recordings side by side.
func CompareRecordings(a, b *Side) Report {
	r := &rows{}
	host(r, a, b)
	if a.Course.Readings > 0 && b.Course.Readings > 0 {
		went(r, a, b)
	}
	traced, looked := a.traced() && b.traced(), a.looked() && b.looked()
	traced = traced && a.Course.Readings > 0 && b.Course.Readings > 0 // a header alone counted nothing
	if traced {
		releases(r, a, b)
		failures(r, a, b)
	}
	if looked {
		causes(r, a, b)
	}
	if traced {
		calls(r, a, b)
		phases(r, a, b)
	}
	if looked {
		parts(r, a, b)
	}
	return Report{
		Schema: Schema, Of: Recordings, A: a.about(), B: b.about(),
		Rows: r.list, Notes: notes(a, b),
	}
}

// traced: calls were seen. looked: the ledger is of this program.
func (s *Side) traced() bool { return s.Verdict.Trace != nil }
func (s *Side) looked() bool { return len(s.Verdict.Ledger) > 0 }

func (s *Side) about() About {
	process := s.Verdict.Process
	about := About{
		Name: s.Name, Time: s.Header.Time, Host: s.Header.Host, Process: &process,
		Duration: s.Course.Duration, Damaged: s.Damaged,
	}
	if s.traced() {
		about.Duration = s.Verdict.Duration
	}
	return about
}
