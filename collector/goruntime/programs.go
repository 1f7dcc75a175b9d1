package goruntime

import (
	"debug/buildinfo"
	"errors"
	"fmt"
	"os"
	"sync"
	"sync/atomic"

	"golang.org/x/sys/unix"
)

// Programs opens many processes, and reads the file of each program once: its
// build information, symbols and field offsets take tens of milliseconds, a
// process that runs it some tens of microseconds. It is safe for concurrent
// use. The zero value is ready.
type Programs struct {
	mu    sync.Mutex
	known map[FileID]*program
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

// program is what a program's file tells, for every process that runs it.
type program struct {
	once   sync.Once
	ready  atomic.Bool // once is over
	binary Binary      // without Exe and Cgo, which are the process's
	where  *where      // at link-time addresses; nil where err is set
	err    error
}

// Open is the package's Open, for which the program's file is read only if no
// earlier call has read the same.
func (ps *Programs) Open(proc string, pid int) (*Target, error) {
	t := &Target{PID: pid, memory: memory{pid: pid}}
	file, exe, err := openExe(proc, pid)
	t.Binary.Exe = exe
	if err == nil {
		err = errors.Join(t.open(ps, file, proc), file.Close())
	}
	if err != nil {
		t.where, t.problem = nil, err
	}
	return t, err
}

// Identify tells what program the process runs, as Open would, without looking
// at the process itself: it is cheap once the file is known. The FileID is
// valid where the file could be opened, error or not.
func (ps *Programs) Identify(proc string, pid int) (Binary, FileID, error) {
	path := exeLink(proc, pid)
	var st unix.Stat_t
	if err := unix.Stat(path, &st); err != nil {
		return Binary{}, FileID{}, explain(pid, "looking at its program", err)
	}
	id := fileID(&st)
	if p := ps.recall(id); p != nil {
		return p.binary, id, p.err
	}
	file, exe, err := openExe(proc, pid)
	if err != nil {
		return Binary{Exe: exe}, FileID{}, err
	}
	p, id, err := ps.program(file)
	if err != nil {
		return Binary{Exe: exe}, id, errors.Join(err, file.Close())
	}
	return p.binary, id, errors.Join(p.err, file.Close())
}

// recall is what is known of the file without opening it, nil if nothing is.
func (ps *Programs) recall(id FileID) *program {
	ps.mu.Lock()
	defer ps.mu.Unlock()
	if p := ps.known[id]; p != nil && p.ready.Load() {
		return p
	}
	return nil
}

// program is the open file's, read now unless it is known. The error is that of
// a file that could not be looked at at all.
func (ps *Programs) program(file *os.File) (*program, FileID, error) {
	var st unix.Stat_t
	if err := unix.Fstat(int(file.Fd()), &st); err != nil {
		return nil, FileID{}, fmt.Errorf("%s: %w", file.Name(), err)
	}
	id := fileID(&st)
	p := ps.entry(id)
	p.once.Do(func() {
		p.read(file)
		p.ready.Store(true)
	})
	if p.err != nil && !lasting(p.err) {
		ps.forget(id, p)
	}
	return p, id, nil
}

func (ps *Programs) entry(id FileID) *program {
	ps.mu.Lock()
	defer ps.mu.Unlock()
	p := ps.known[id]
	if p == nil {
		if ps.known == nil || len(ps.known) >= maxPrograms {
			ps.known = map[FileID]*program{}
		}
		p = &program{}
		ps.known[id] = p
	}
	return p
}

// forget makes the next call read the file again.
func (ps *Programs) forget(id FileID, p *program) {
	ps.mu.Lock()
	defer ps.mu.Unlock()
	if ps.known[id] == p {
		delete(ps.known, id)
	}
}

// lasting: the file says so, and will say so again. Anything else may have been
// bad luck.
func lasting(err error) bool {
	for _, sentinel := range []error{ErrNotGo, ErrTooOld, ErrNoSymbols, ErrNoLayout, ErrDamaged} {
		if errors.Is(err, sentinel) {
			return true
		}
	}
	return false
}

// read fills in what the file tells.
func (p *program) read(file *os.File) {
	f, err := newELF(file)
	if err != nil {
		p.err, p.binary.GoVersion = err, versionOf(file)
		return
	}
	im := &image{file: file, bytes: file, elf: f}
	if p.binary.GoVersion, p.err = goVersion(im); p.err != nil {
		return
	}
	if p.err = supported(p.binary.GoVersion); p.err != nil {
		return
	}
	p.where, p.binary.Notes, p.err = findVariables(im, p.binary.GoVersion)
}

// versionOf is the Go version of a file that is not read otherwise: a 32-bit
// program for instance. It is "" for one that is not Go.
func versionOf(file *os.File) (version string) {
	var err error
	defer recovered(&err)
	info, err := buildinfo.Read(file)
	if err != nil {
		return ""
	}
	return info.GoVersion
}

func fileID(st *unix.Stat_t) FileID {
	return FileID{dev: uint64(st.Dev), inode: st.Ino, size: st.Size, mtime: st.Mtim, ctime: st.Ctim} //nolint:unconvert // another width on other architectures
}
