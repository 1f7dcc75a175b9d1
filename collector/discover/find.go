package discover

import (
	"context"
	"errors"
	"slices"
	"time"

	"whyres/collector/goruntime"
	"whyres/collector/kernel"
	"whyres/collector/mem"
	"whyres/collector/target"
)

// found is one process of the host, so far as it is known.
type found struct {
	pid     int
	file    goruntime.FileID
	held    *held      // a Go process that is open
	failure *failure   // one that is not
	hidden  bool       // one that may be Go or not
	sample  mem.Sample // of a look
}

// failure is a Go process that could not be read.
type failure struct {
	Unread
	file goruntime.FileID
	at   mem.Instant
}

// failedFor is how long such a process is left alone: why it cannot be read
// takes up to a second to find out.
const failedFor = time.Minute

// find tells which of the processes are Go, and opens those that were not open.
func (h *Host) find(ctx context.Context, pids []int) []found {
	out := make([]found, len(pids))
	h.each(ctx, len(pids), func(i int) { out[i] = h.findOne(pids[i], h.held[pids[i]], h.failed[pids[i]]) })
	return out
}

// findOne looks at the program that the process runs, whose file is known in
// most cases. One that has ended since, or is a kernel thread, is nothing.
func (h *Host) findOne(pid int, known *held, failed *failure) found {
	f := found{pid: pid}
	file, err := goruntime.FileOf(h.proc, pid)
	switch {
	case errors.Is(err, goruntime.ErrNoPermission):
		f.hidden = h.hasMemory(pid)
	case err != nil, h.programs.IsForeign(file):
	case known != nil && known.file == file && known.grown():
		f.held = known
	case failed != nil && failed.file == file && kernel.Now().Sub(failed.at) < failedFor:
		f.failure = failed
	default:
		f.open(h, file)
	}
	return f
}

// open opens the process if it is a Go process.
func (f *found) open(h *Host, file goruntime.FileID) {
	f.file = file
	t, err := h.programs.Open(h.proc, f.pid)
	switch {
	case isGone(err), h.programs.IsForeign(file):
		return
	case err != nil:
		f.fail(h, t.Binary, err)
		return
	}
	view, err := target.OpenBy(h.programs.Open, h.fs, h.proc, f.pid, nil)
	if err != nil {
		f.fail(h, t.Binary, err)
		return
	}
	if err = view.Problem(); err == nil {
		f.held = &held{view: view, file: file}
		f.held.cgroup, err = view.Cgroup()
	}
	if err != nil {
		f.fail(h, t.Binary, errors.Join(err, view.Close()))
		return
	}
	f.held.grown()
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
	f.failure = &failure{file: f.file, at: kernel.Now(), Unread: Unread{Process: process, Err: err}}
}

// grown notes how large the process is now; false: it is no more.
func (p *held) grown() bool {
	s, err := p.view.Status()
	p.res = s.RSS.Total()
	return err == nil
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
	clear(h.failed)
	for i := range all {
		if all[i].held != nil {
			next[all[i].pid] = all[i].held
		}
		if all[i].failure != nil {
			h.failed[all[i].pid] = all[i].failure
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
		case f.failure != nil:
			s.Unread = append(s.Unread, f.failure.Unread)
		case f.sample.PID != 0:
			s.Seen = append(s.Seen, Seen{Process: f.held.view.Describe(), Cgroup: f.held.cgroup, Sample: f.sample})
		}
	}
}

func (s *Survey) sort() {
	slices.SortFunc(s.Seen, func(a, b Seen) int { return a.Process.PID - b.Process.PID })
	slices.SortFunc(s.Unread, func(a, b Unread) int { return a.Process.PID - b.Process.PID })
}
