package main

import (
	"io"
	"time"

	"whyres/collector/discover"
	"whyres/collector/summary"
)

// topObject is one table as JSON. Sizes are bytes; what is not known is null.
type topObject struct {
	Schema    string       `json:"schema"`
	Time      time.Time    `json:"time"`
	LookNS    int64        `json:"look_ns"`
	Processes []topProcess `json:"processes"`
	LeftOut   int          `json:"left_out"`
	Unread    []topUnread  `json:"unread"`
	Hidden    int          `json:"hidden"`
}

// topProcess is a process that was seen. Live, garbage and free are parts of
// RES, as is what could go back: what FreeOSMemory gives back, and what was
// offered to the kernel. CameBack was released and is resident all the same.
type topProcess struct {
	PID           int              `json:"pid"`
	Comm          string           `json:"comm"`
	Exe           string           `json:"exe"`
	GoVersion     string           `json:"go_version"`
	Cgo           bool             `json:"cgo"`
	Cgroup        string           `json:"cgroup"`
	Container     string           `json:"container"`
	RES           int64            `json:"res_bytes"`
	Live          *int64           `json:"live_bytes"`
	GarbageAtMost *int64           `json:"garbage_at_most_bytes"`
	Free          *int64           `json:"free_bytes"`
	GoesBack      *int64           `json:"could_go_back_bytes"`
	Freeable      *int64           `json:"free_os_memory_bytes"`
	Offered       *int64           `json:"offered_bytes"`
	CameBack      *int64           `json:"came_back_bytes"`
	Why           topWhy           `json:"why"`
	Full          bool             `json:"full"`
	Unsteady      bool             `json:"unsteady"`
	Ledger        map[string]int64 `json:"ledger"`
	Warnings      []string         `json:"warnings"`
}

// topWhy is the largest part of RES: the ledger's leaf, and why it stays.
type topWhy struct {
	Part  string `json:"part"`
	Words string `json:"words"`
	// Cause is the first of explain's causes that is more than possible.
	Cause string `json:"cause"`
	Bytes int64  `json:"bytes"`
}

// topUnread is a Go process that could not be read.
type topUnread struct {
	PID       int    `json:"pid"`
	Comm      string `json:"comm"`
	Exe       string `json:"exe"`
	GoVersion string `json:"go_version"`
	Why       string `json:"why"`
}

// writeTop writes one table as a line.
func writeTop(w io.Writer, at time.Time, s *discover.Survey, lines []topLine, limit int) error {
	o := topObject{
		Schema: "whyres/top/1", Time: at, LookNS: int64(s.Dur),
		Processes: []topProcess{}, Unread: []topUnread{}, Hidden: s.Hidden,
	}
	for i := range lines {
		if limit > 0 && i >= limit {
			o.LeftOut = len(lines) - limit
			break
		}
		o.Processes = append(o.Processes, lines[i].object())
	}
	for _, u := range s.Unread {
		o.Unread = append(o.Unread, topUnread{u.Process.PID, u.Process.Comm, u.Process.Exe, u.Process.GoVersion, u.Err.Error()})
	}
	return printJSON(w, o)
}

func (l *topLine) object() topProcess {
	return topProcess{
		PID: l.Process.PID, Comm: l.Process.Comm, Exe: l.Process.Exe, GoVersion: l.Process.GoVersion, Cgo: l.Process.Cgo,
		Cgroup: l.Cgroup.Path, Container: l.Cgroup.Name(),
		RES: l.RES, Live: orNull(l.Live), GarbageAtMost: orNull(l.Garbage), Free: orNull(l.Free),
		GoesBack: orNull(l.GoesBack), Freeable: orNull(l.Freeable), Offered: orNull(l.Offered), CameBack: orNull(l.CameBack),
		Why:  topWhy{Part: l.Why.Part, Words: l.Why.Words, Cause: l.Cause, Bytes: l.Why.Bytes},
		Full: l.Full, Unsteady: l.Unsteady, Ledger: l.Leaves(), Warnings: l.Ledger.Warnings,
	}
}

func orNull(s summary.Size) *int64 {
	if !s.Known {
		return nil
	}
	return &s.Bytes
}
