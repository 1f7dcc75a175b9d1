package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"whyres/collector"
	"whyres/collector/explain"
	"whyres/collector/goruntime"
	"whyres/collector/kernel"
	"whyres/collector/mem"
	"whyres/collector/target"
)

// lookTries is how often a look starts over because the process executed
// another program meanwhile.
const lookTries = 3

// looker takes single looks at one process.
type looker struct {
	options explainOptions
	host    mem.Host
	// process is held open from the beginning: as long as it answers, its
	// number has not been given to another.
	process *kernel.Process
	who     kernel.Identity
	// view is nil until the first look, and after an exec.
	view *target.View
}

func openLooker(o explainOptions) (*looker, error) {
	l := &looker{options: o}
	if err := exists(o.pid); err != nil {
		if errors.Is(err, collector.ErrGone) && errors.Is(unix.Kill(o.pid, 0), unix.EPERM) {
			err = l.noPermission() // there is one: /proc hides it (hidepid)
		}
		return nil, err
	}
	var err error
	if l.host, err = kernel.Default().Host(); err != nil {
		return nil, err
	}
	if l.process, err = kernel.Default().Open(o.pid, kernel.Options{}); err != nil {
		return nil, l.word(err)
	}
	if l.who, err = l.process.Identity(); err != nil {
		return nil, errors.Join(l.word(err), l.process.Close())
	}
	return l, nil
}

// close lets the process go; it was only read.
func (l *looker) close() {
	if l.view != nil {
		_ = l.view.Close()
	}
	_ = l.process.Close()
}

// look explains the process as it is now.
func (l *looker) look(ctx context.Context) (*explain.Verdict, error) {
	for range lookTries {
		v, err := l.once(ctx)
		if err != nil {
			return nil, l.word(err)
		}
		same, err := l.same()
		if err != nil {
			return nil, l.word(err)
		}
		if same {
			v.Up = int64(l.who.Up)
			return v, nil
		}
	}
	return nil, fmt.Errorf("process %d executes one program after another: it cannot be looked at", l.options.pid)
}

// same makes sure that what was looked at is the process that was asked for,
// and still runs the same program.
func (l *looker) same() (bool, error) {
	now, err := l.process.Identity()
	if err != nil {
		return false, err
	}
	was := l.who
	l.who = now
	if now.StartTicks != was.StartTicks {
		return false, kernel.ErrGone
	}
	if now.Exe != was.Exe {
		l.renew()
		return false, nil
	}
	return true, nil
}

// renew makes the next look find the program anew.
func (l *looker) renew() {
	if l.view == nil {
		return // so it will already
	}
	_ = l.view.Close() // only read
	l.view = nil
}

func (l *looker) once(ctx context.Context) (*explain.Verdict, error) {
	if l.view == nil {
		view, err := target.Open(kernel.Default(), procfs, l.options.pid, nil)
		if err != nil {
			return nil, err
		}
		l.view = view
	}
	asked, err := l.ask(ctx)
	if err != nil {
		return nil, err
	}
	header := &mem.Header{
		Schema: mem.Schema, Tool: version(), Time: time.Now(), Mono: kernel.Now(),
		Host: l.host, Process: l.view.Describe(), Missing: l.view.Missing(),
	}
	s, _, err := l.view.Look(collector.Order{Full: true, Sizes: l.options.sizes})
	if err != nil {
		return nil, err
	}
	sayOnce(header, &s)
	asked.fill(&s)
	a := explain.NewAccumulator()
	a.Observe(mem.Frame{At: header.Mono, Header: header})
	a.Observe(mem.Frame{At: s.At, Sample: &s})
	v := a.Verdict()
	asked.replace(&v)
	if l.options.sizes && (v.Pages == nil || len(v.Pages.Sizes) == 0) {
		v.Warnings = append(v.Warnings, "no objects by size class: Go's spans were not read")
	}
	if s.GoProblem != "" {
		l.renew() // another time it may be readable: the process may have just begun
	}
	return &v, nil
}

// sayOnce leaves out of the header what the sample says too, and what the
// version says already: that a program is not Go.
func sayOnce(h *mem.Header, s *mem.Sample) {
	missing := h.Missing[:0]
	for _, text := range h.Missing {
		if s.GoProblem == "" || !strings.Contains(text, s.GoProblem) {
			missing = append(missing, text)
		}
	}
	h.Missing = missing
	if h.Process.GoVersion == "" && strings.HasSuffix(s.GoProblem, goruntime.ErrNotGo.Error()) {
		s.GoProblem = ""
	}
}

// word says an error for this command, with what to do.
func (l *looker) word(err error) error {
	pid := l.options.pid
	switch {
	case errors.Is(err, kernel.ErrGone), errors.Is(err, goruntime.ErrGone), errors.Is(err, collector.ErrGone):
		return fmt.Errorf("%w: process %d ended while it was looked at", collector.ErrGone, pid)
	case errors.Is(err, target.Err32Bit):
		return fmt.Errorf("process %d is a 32-bit program: whyres knows 64-bit ones only", pid)
	case errors.Is(err, kernel.ErrNoPermission), errors.Is(err, goruntime.ErrNoPermission):
		return l.noPermission()
	}
	return err
}

// noPermission tells another's process from one's own that may not be read.
func (l *looker) noPermission() error {
	whose := "belongs to another user"
	if l.who.PID != 0 && int(l.who.UID) == os.Geteuid() {
		whose = "may not be read even by its own user (it changed its user or holds capabilities)"
	}
	if os.Geteuid() == 0 {
		return fmt.Errorf("%w: process %d may not be read even by root here, which lacks CAP_SYS_PTRACE or a capability that the process has: see whyres doctor",
			errNoPrivilege, l.options.pid)
	}
	return fmt.Errorf("%w: process %d %s: run with sudo, or grant CAP_SYS_PTRACE and CAP_DAC_READ_SEARCH", errNoPrivilege, l.options.pid, whose)
}

// errNoPrivilege: what was asked for needs more than this user may.
var errNoPrivilege = errors.New("no permission")
