package target

import (
	"errors"
	"fmt"
	"time"

	"whyres/collector"
	"whyres/collector/goruntime"
	"whyres/collector/kernel"
	"whyres/collector/mem"
)

// TellCounters is told where the process's Go runtime keeps its counters, each
// time that this becomes known: at first, and after an exec.
type TellCounters func(pid int, at goruntime.CounterAddrs) error

// FindRuntime finds the Go runtime of a process, as goruntime.Open does.
type FindRuntime func(proc string, pid int) (*goruntime.Target, error)

// View looks at one process; it is the collector's Looker.
type View struct {
	proc   string
	find   FindRuntime
	tell   TellCounters
	fs     kernel.FS
	kernel *kernel.Process
	id     kernel.Identity
	// looked is when id was read.
	looked  mem.Instant
	runtime *goruntime.Target
	binary  goruntime.Binary
	problem error // why the runtime is not read
	// env and seccomp are as the program was started.
	env     map[string]string
	seccomp bool
	seen    goruntime.GCSeen
	// searches is how often the runtime of a stripped program was not found.
	searches int
}

// Open opens the process of that PID; proc is where procfs is mounted. That it
// is not Go, or cannot be read as such, is no error: Missing tells. The error
// wraps collector.ErrGone where there is no such process, Err32Bit where its
// calls are not traced.
func Open(fs kernel.FS, proc string, pid int, tell TellCounters) (*View, error) {
	return OpenBy(goruntime.Open, fs, proc, pid, tell)
}

// OpenBy is Open with a way of finding the Go runtime of its own: that of
// goruntime.Programs, for many processes.
func OpenBy(find FindRuntime, fs kernel.FS, proc string, pid int, tell TellCounters) (*View, error) {
	k, err := fs.Open(pid, kernel.Options{})
	if err != nil {
		return nil, gone(err)
	}
	v := &View{fs: fs, proc: proc, find: find, tell: tell, kernel: k, looked: kernel.Now()}
	if v.id, err = k.Identity(); err == nil {
		err = refuse32Bit(proc, pid)
	}
	if err != nil {
		return nil, errors.Join(gone(err), k.Close())
	}
	v.Renew()
	if v.runtime != nil {
		// GCs from before are none of this trace's.
		if v.seen, err = v.runtime.GCNow(); err != nil {
			v.problem, v.runtime = err, nil
		}
	}
	return v, nil
}

// Close lets the process go.
func (v *View) Close() error { return v.kernel.Close() }

// Describe is who the process is.
func (v *View) Describe() mem.Process {
	return mem.Process{
		PID: v.id.PID, Comm: v.id.Comm, Exe: v.id.Exe,
		GoVersion: v.binary.GoVersion, Cgo: v.binary.Cgo, Sanitizer: v.binary.Sanitizer,
		Up:  int64(v.id.Up + kernel.Now().Sub(v.looked)),
		Env: v.env, Seccomp: v.seccomp,
	}
}

// Missing says in plain words what cannot be told of this process, and why.
func (v *View) Missing() []string {
	var out []string
	if v.problem != nil {
		out = append(out, "the Go runtime's own numbers: "+v.problem.Error())
	}
	return append(out, v.binary.Notes...)
}

// Renew finds the Go runtime anew: the process runs another program now.
func (v *View) Renew() {
	v.runtime, v.seen = nil, goruntime.GCSeen{}
	v.started()
	rt, err := v.find(v.proc, v.kernel.PID())
	if rt != nil {
		v.binary = rt.Binary
	}
	if v.problem = err; err != nil {
		return
	}
	v.runtime = rt
	if at, ok := rt.CounterAddrs(); ok && v.tell != nil {
		v.problem = v.tell(v.kernel.PID(), at)
	}
}

// started reads how the program was started. What may not be read, or is gone,
// is not known.
func (v *View) started() {
	v.env, v.seccomp = nil, false
	if env, err := v.kernel.Environ(mem.EnvNames()); err == nil {
		v.env = env
	}
	if status, err := v.kernel.Status(); err == nil {
		v.seccomp = status.SeccompFilter
	}
}

// A full look reads the same memory several times over. One during which RES
// moved too far (mem.Sample.Unsteady) is tried again.
const fullTries = 3

// Look takes a sample and collects the GCs since the last one.
func (v *View) Look(o collector.Order) (s mem.Sample, marks []mem.Mark, err error) {
	for range fullTries {
		if s, err = v.patiently(o); err != nil {
			return s, nil, gone(err)
		}
		if !o.Full || !s.Unsteady() {
			break
		}
	}
	return s, v.gcs(), nil
}

// While a process executes another program it has no memory for a moment, and
// what is read of the old one ends in the middle: that looks like its end.
const (
	goneTries = 4
	goneWait  = 10 * time.Millisecond
)

// patiently believes that the process is gone when it still is a little later.
func (v *View) patiently(o collector.Order) (s mem.Sample, err error) {
	for range goneTries {
		if s, err = v.once(o); !errors.Is(err, kernel.ErrGone) {
			break
		}
		time.Sleep(goneWait)
	}
	return s, err
}

func (v *View) once(o collector.Order) (mem.Sample, error) {
	s, err := v.kernel.Light()
	if err == nil && o.Full {
		err = v.full(&s, o)
	}
	if err != nil {
		return s, err
	}
	heap := v.goSide(&s, o)
	if o.Full {
		v.parts(&s, heap)
		if after, err := v.kernel.Light(); err == nil {
			s.Moved = after.RSS.Total() - s.RSS.Total()
		}
	}
	s.Dur = int64(kernel.Now().Sub(s.At))
	return s, nil
}

func (v *View) full(s *mem.Sample, o collector.Order) error {
	if err := v.kernel.Full(s); err != nil {
		return err
	}
	v.cgroup(s)
	returned := mem.Returned{Ranges: len(o.Released)}
	for _, r := range o.Released {
		returned.Bytes += r.Len()
	}
	err := v.kernel.Resident(o.Released, func(r mem.Range) { returned.Resident += r.Len() })
	switch {
	case errors.Is(err, kernel.ErrGone):
		return err
	case err == nil:
		s.Returned = &returned
	}
	return nil
}

// cgroup adds what the process's control group counts; nothing where that is not
// to be seen.
func (v *View) cgroup(s *mem.Sample) {
	at, err := v.kernel.Cgroup()
	if err != nil {
		return
	}
	if group, err := v.fs.GroupMemory(at); err == nil {
		s.Cgroup = &group
	}
}

// goSide adds what the Go runtime says. That it cannot be read is said in the
// sample, and is no error. The heap is nil where it was not walked.
func (v *View) goSide(s *mem.Sample, o collector.Order) *goruntime.Heap {
	if v.runtime == nil && v.mayAppear() {
		v.Renew()
	}
	if v.runtime == nil {
		s.GoProblem = text(v.problem)
		return nil
	}
	stats, err := v.runtime.MemStats()
	if err != nil {
		s.GoProblem = err.Error()
		return nil
	}
	if stats.Sys == 0 {
		return nil // the runtime has not started yet
	}
	s.MemStats, s.Clock = stats, v.clock(o.Full)
	if !o.Full {
		return nil
	}
	return v.pages(s, o)
}

// maxSearches bounds how often a stripped program that is unlike any that is
// known is searched: the runtime needs some milliseconds to start.
const maxSearches = 100

// mayAppear: in the middle of an exec there is no program for a moment, and a
// stripped one shows its runtime only once that has started.
func (v *View) mayAppear() bool {
	if errors.Is(v.problem, goruntime.ErrNotFound) {
		v.searches++
		return v.searches <= maxSearches
	}
	return errors.Is(v.problem, goruntime.ErrGone)
}

// gcs are those since the last time. That they cannot be read, the next sample
// says.
func (v *View) gcs() []mem.Mark {
	if v.runtime == nil {
		return nil
	}
	marks, seen, err := v.runtime.GCMarks(v.seen)
	if err != nil {
		return nil
	}
	v.seen = seen
	return marks
}

func text(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

// gone makes the packages' own words for a process that ended the collector's.
func gone(err error) error {
	if errors.Is(err, kernel.ErrGone) || errors.Is(err, goruntime.ErrGone) {
		return fmt.Errorf("%w: %w", collector.ErrGone, err)
	}
	return err
}
