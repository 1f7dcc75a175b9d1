package discover

import (
	"context"
	"errors"
	"slices"

	"whyres/collector/goruntime"
	"whyres/collector/kernel"
	"whyres/collector/mem"
	"whyres/collector/target"
)

// found is one process of the host, so far as it is known.
type found struct {
	pid    int
	held   *held      // a Go process that is open
	unread *Unread    // one that is not
	hidden bool       // one that may be Go or not
	sample mem.Sample // of a look
}

// find tells which of the processes are Go, and opens those that were not open.
func (h *Host) find(ctx context.Context, pids []int) []found {
	out := make([]found, len(pids))
	known := make([]*held, len(pids))
	for i, pid := range pids {
		known[i] = h.held[pid]
	}
	h.each(ctx, len(pids), func(i int) { out[i] = h.findOne(pids[i], known[i]) })
	return out
}

// findOne looks at the program that the process runs, whose file is known in
// most cases. One that has ended since, or is a kernel thread, is nothing.
func (h *Host) findOne(pid int, known *held) found {
	f := found{pid: pid}
	binary, file, err := h.programs.Identify(h.proc, pid)
	switch {
	case errors.Is(err, goruntime.ErrNoPermission):
		f.hidden = h.hasMemory(pid)
	case binary.GoVersion == "" && !errors.Is(err, goruntime.ErrTooOld):
		// Not Go, or nothing that could be understood as a program.
	case err != nil:
		f.fail(h, binary, err)
	case known != nil && known.file == file && known.grown():
		f.held = known
	default:
		f.open(h, file, binary)
	}
	return f
}

func (f *found) open(h *Host, file goruntime.FileID, binary goruntime.Binary) {
	view, err := target.OpenBy(h.programs.Open, h.fs, h.proc, f.pid, nil)
	if err != nil {
		f.fail(h, binary, err)
		return
	}
	if err := view.Problem(); err != nil {
		f.fail(h, binary, errors.Join(err, view.Close()))
		return
	}
	cgroup, err := view.Cgroup()
	if err != nil {
		f.fail(h, binary, errors.Join(err, view.Close()))
		return
	}
	f.held = &held{view: view, file: file, cgroup: cgroup}
	f.held.grown()
}

// grown notes how large the process is now; false: it is no more.
func (p *held) grown() bool {
	s, err := p.view.Status()
	p.res = s.RSS.Total()
	return err == nil
}

// fail notes a Go process that cannot be read, with what is known of it.
func (f *found) fail(h *Host, binary goruntime.Binary, err error) {
	f.held = nil
	process := mem.Process{PID: f.pid, Exe: binary.Exe, GoVersion: binary.GoVersion}
	if p, openErr := h.fs.Open(f.pid, kernel.Options{}); openErr == nil {
		if id, idErr := p.Identity(); idErr == nil {
			process.Comm, process.Exe = id.Comm, id.Exe
		}
		_ = p.Close() // only read
	}
	f.unread = &Unread{Process: process, Err: err}
}

// hasMemory tells a program from a kernel thread.
func (h *Host) hasMemory(pid int) bool {
	p, err := h.fs.Open(pid, kernel.Options{})
	if err != nil {
		return false
	}
	defer p.Close() //nolint:errcheck // only read
	status, err := p.Status()
	return err == nil && status.HasMemory
}

// letGo takes over what was found, and closes what is no longer there.
func (h *Host) letGo(all []found) {
	next := map[int]*held{}
	for i := range all {
		if all[i].held != nil {
			next[all[i].pid] = all[i].held
		}
	}
	for pid, old := range h.held {
		if next[pid] != old {
			_ = old.view.Close() // only read from
		}
	}
	h.held = next
}

// add takes over what was found and looked at.
func (s *Survey) add(all []found) {
	for i := range all {
		switch f := &all[i]; {
		case f.hidden:
			s.Hidden++
		case f.unread != nil:
			s.Unread = append(s.Unread, *f.unread)
		case f.sample.PID != 0:
			s.Seen = append(s.Seen, Seen{Process: f.held.view.Describe(), Cgroup: f.held.cgroup, Sample: f.sample})
		}
	}
}

func (s *Survey) sort() {
	slices.SortFunc(s.Seen, func(a, b Seen) int { return a.Process.PID - b.Process.PID })
	slices.SortFunc(s.Unread, func(a, b Unread) int { return a.Process.PID - b.Process.PID })
}
