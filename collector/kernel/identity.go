package kernel

import (
	"errors"
	"fmt"
	"io/fs"
	"time"
)

// userHZ is the unit of times in /proc/PID/stat: 100 a second on every
// architecture that Go runs on (USER_HZ).
const userHZ = 100

// Identity tells one process from another, also from a later one that got
// the same PID.
type Identity struct {
	PID  int
	Comm string
	// Exe is the program's path, "" where it may not be read or there is
	// none; ExeProblem then says why. A deleted file ends in " (deleted)".
	Exe        string
	ExeProblem string
	UID        uint32
	// StartTicks is the start in 1/100 s since boot (field 22 of stat): PID
	// and StartTicks together name a process uniquely.
	StartTicks uint64
	// Up is how long the process had been running when this was read.
	Up time.Duration
}

// Identity reads who the process is. stat is read by number; that it was this
// process's is made sure by reading the held status file after it: as long as
// this answers, the number has not been given to another.
func (p *Process) Identity() (Identity, error) {
	proc, err := p.procfs()
	if err != nil {
		return Identity{}, err
	}
	stat, err := proc.Stat()
	if err != nil {
		return Identity{}, problem(p.path("stat"), err)
	}
	status, err := p.Status()
	if err != nil {
		return Identity{}, err
	}
	id := Identity{PID: p.pid, Comm: stat.Comm, UID: status.UID, StartTicks: stat.Starttime}
	id.Up = max(0, sinceBoot()-time.Duration(id.StartTicks)*(time.Second/userHZ))
	id.Exe, id.ExeProblem, err = p.exe()
	return id, err
}

// exe reads the program's path.
func (p *Process) exe() (path, why string, err error) {
	path, err = p.dir.Readlink("exe")
	switch {
	case err == nil:
		return path, "", nil
	case errors.Is(err, fs.ErrPermission):
		return "", problem(p.path("exe"), err).Error(), nil
	case errors.Is(err, fs.ErrNotExist):
		// A kernel thread has no program; an exited process neither.
		return "", fmt.Sprintf("%s: no program", p.path("exe")), nil
	}
	return "", "", problem(p.path("exe"), err)
}
