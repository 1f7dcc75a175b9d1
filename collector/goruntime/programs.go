package goruntime

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"strconv"
	"sync"

	"golang.org/x/sys/unix"
)

// Programs opens many processes and remembers their programs: finding the
// runtime's variables in a file takes tens of milliseconds, which is done once
// a file; a process that runs a known one is opened in some tenths of a
// millisecond. It is safe for concurrent use. The zero value is ready.
type Programs struct {
	mu    sync.Mutex
	known map[FileID]program
}

// maxPrograms bounds what is remembered.
const maxPrograms = 4096

// FileID names one content of a file: another file, and a file that was written
// to, have another one. The zero value is none's.
type FileID struct {
	dev, inode   uint64
	size         int64
	mtime, ctime unix.Timespec
}

// FileOf is the file of the program that the process runs, gone from its folder
// or not. The error wraps ErrGone, of a kernel thread too, or ErrNoPermission.
func FileOf(proc string, pid int) (FileID, error) {
	var st unix.Stat_t
	if err := unix.Stat(filepath.Join(proc, strconv.Itoa(pid), "exe"), &st); err != nil {
		return FileID{}, explain(pid, "looking at its program", err)
	}
	return FileID{dev: st.Dev, inode: st.Ino, size: st.Size, mtime: st.Mtim, ctime: st.Ctim}, nil
}

// program is what is known of a file.
type program struct {
	// foreign is why it is none of ours, nil for a Go program.
	foreign error
	// like is a Target that was opened before, of which the addresses are as
	// the linker gave them.
	like Target
}

// IsForeign reports whether the file is known not to be a Go program's.
func (ps *Programs) IsForeign(id FileID) bool {
	p, ok := ps.recall(id)
	return ok && p.foreign != nil
}

// Open is the package's Open, for which only a program that was not opened
// before is searched.
func (ps *Programs) Open(proc string, pid int) (*Target, error) {
	id, err := FileOf(proc, pid)
	if err != nil {
		return &Target{PID: pid, problem: err}, err
	}
	if p, ok := ps.recall(id); ok {
		if p.foreign != nil {
			return &Target{PID: pid, problem: p.foreign}, p.foreign
		}
		if t, err := p.open(proc, pid); err == nil && stillRuns(proc, pid, id) {
			return t, nil
		}
		// It executes something else just now, or whatever: find out.
	}
	t, err := Open(proc, pid)
	ps.learn(id, proc, t, err)
	return t, err
}

// stillRuns reports whether the process runs that file, after it was read as one
// that does.
func stillRuns(proc string, pid int, id FileID) bool {
	now, err := FileOf(proc, pid)
	return err == nil && now == id
}

func (ps *Programs) recall(id FileID) (program, bool) {
	ps.mu.Lock()
	defer ps.mu.Unlock()
	p, ok := ps.known[id]
	return p, ok
}

// open makes a Target of a process that runs the program.
func (p *program) open(proc string, pid int) (*Target, error) {
	t := p.like
	t.started = false
	t.PID, t.memory = pid, memory{pid: pid}
	bias, exe, err := biasOf(proc, pid)
	if err != nil {
		return nil, err
	}
	t.Binary.Exe = exe
	t.where = p.like.where.moved(bias)
	t.light = planLight(t.where)
	t.buf = make([]byte, t.light.size)
	if _, err := t.readLight(); err != nil {
		return nil, err
	}
	if !t.started {
		return nil, fmt.Errorf("process %d: %w: its runtime has not started", pid, ErrMismatch)
	}
	return &t, t.verify()
}

// learn remembers what Open found. The process can have executed another
// program meanwhile: that is not to be taken for the file's.
func (ps *Programs) learn(id FileID, proc string, t *Target, err error) {
	var p program
	switch {
	case errors.Is(err, ErrNotGo):
		p.foreign = ErrNotGo
	case errors.Is(err, ErrDamaged):
		// Of another class of machine: it may be a Go program all the same.
		if t.Binary.GoVersion = versionOf(proc, t.PID); t.Binary.GoVersion != "" {
			return
		}
		p.foreign = err
	case err != nil || !t.started:
		return
	default:
		bias, _, err := biasOf(proc, t.PID)
		if err != nil {
			return
		}
		p.like = *t
		p.like.where, p.like.started = t.where.moved(-bias), false
	}
	if now, err := FileOf(proc, t.PID); err != nil || now != id {
		return
	}
	ps.mu.Lock()
	defer ps.mu.Unlock()
	if ps.known == nil || len(ps.known) >= maxPrograms {
		ps.known = map[FileID]program{}
	}
	ps.known[id] = p
}

// biasOf is how far the process's program is from where it was linked to.
func biasOf(proc string, pid int) (bias uint64, exe string, err error) {
	im, exe, err := openImage(proc, pid)
	if err != nil {
		return 0, exe, err
	}
	bias, err = im.bias(proc, pid, exe)
	return bias, exe, errors.Join(err, im.close())
}

// moved is a copy of which every address is moved.
func (w *where) moved(by uint64) *where {
	m := *w
	m.addr = maps.Clone(w.addr)
	m.relocate(by)
	return &m
}

// versionOf is the Go version of a program that is not read otherwise, a 32-bit
// one for instance; "" if it is not Go.
func versionOf(proc string, pid int) (version string) {
	var err error
	defer recovered(&err)
	file, err := os.Open(filepath.Join(proc, strconv.Itoa(pid), "exe"))
	if err != nil {
		return ""
	}
	defer func() { _ = file.Close() }() // only read
	info, err := buildInfo(file)
	if err != nil {
		return ""
	}
	return info.GoVersion
}
