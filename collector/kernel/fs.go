package kernel

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"sync/atomic"

	"github.com/prometheus/procfs"
)

// FS is where the kernel's files are found: the roots of procfs and sysfs.
type FS struct {
	proc, sys string
}

// Default is the FS of the running system.
func Default() FS { return FS{proc: "/proc", sys: "/sys"} }

// NewFS is an FS below other roots: those of a container's host, or fixtures.
func NewFS(proc, sys string) (FS, error) {
	for _, root := range []string{proc, sys} {
		info, err := os.Stat(root)
		if err != nil {
			return FS{}, fmt.Errorf("root of the kernel's files: %w", err)
		}
		if !info.IsDir() {
			return FS{}, fmt.Errorf("root of the kernel's files: %s is not a directory", root)
		}
	}
	return FS{proc: proc, sys: sys}, nil
}

// Options bound and steer what is read of one process. The zero value is fine.
type Options struct {
	// MaxVMAs is how many mappings a full sample keeps; the rest is summed
	// up. 0 means DefaultMaxVMAs.
	MaxVMAs int
	// PagemapReads makes Resident read /proc/PID/pagemap even where the
	// kernel has the PAGEMAP_SCAN ioctl.
	PagemapReads bool
}

// DefaultMaxVMAs is somewhat above vm.max_map_count's default, 65530.
const DefaultMaxVMAs = 1 << 17

// Process is one process held open: its directory in /proc. The kernel ties
// an open directory to the process itself, not to its number, so a Process
// never tells of another one that got the same PID later: it answers ErrGone.
// It is not safe for use by several goroutines at once.
type Process struct {
	pid    int
	fs     FS
	opts   Options
	dir    *os.Root
	status *os.File
	buf    []byte
	way    Way
	sysmon sysmon
	// visiting: a thread measures the clock of another CPU.
	visiting atomic.Bool
}

// Open holds the process open. Close gives its file descriptors back. A thread's
// number is refused: /proc answers to it as it does to the process's.
func (f FS) Open(pid int, opts Options) (*Process, error) {
	if pid <= 0 {
		return nil, fmt.Errorf("pid %d: a process has a positive number", pid)
	}
	path := filepath.Join(f.proc, strconv.Itoa(pid))
	dir, err := os.OpenRoot(path)
	if err != nil {
		return nil, problem(path, err)
	}
	status, err := dir.Open("status")
	if err != nil {
		_ = dir.Close() // nothing was written: the first error tells more
		return nil, problem(filepath.Join(path, "status"), err)
	}
	if opts.MaxVMAs <= 0 {
		opts.MaxVMAs = DefaultMaxVMAs
	}
	p := &Process{pid: pid, fs: f, opts: opts, dir: dir, status: status, buf: make([]byte, 8<<10)}
	if err := p.isProcess(); err != nil {
		_ = p.Close() // as above
		return nil, err
	}
	return p, nil
}

// isProcess refuses a thread.
func (p *Process) isProcess() error {
	s, err := p.Status()
	if err != nil {
		return err
	}
	if s.TGID != 0 && s.TGID != p.pid {
		return fmt.Errorf("%d is a thread of process %d: ask for that", p.pid, s.TGID)
	}
	return nil
}

// Close gives the file descriptors back.
func (p *Process) Close() error {
	p.sysmon.forget()
	err := p.status.Close()
	if dirErr := p.dir.Close(); err == nil {
		err = dirErr
	}
	return err
}

// PID is the number that the process was opened by.
func (p *Process) PID() int { return p.pid }

// path names one of the process's files in messages.
func (p *Process) path(file string) string {
	return filepath.Join(p.fs.proc, strconv.Itoa(p.pid), file)
}

// open opens one of the process's files. smaps and pagemap hold on to the
// address space that the process had when they were opened: they are opened
// anew for every reading, so that an exec is not missed.
func (p *Process) open(file string) (*os.File, error) {
	f, err := p.dir.Open(file)
	if err != nil {
		return nil, problem(p.path(file), err)
	}
	return f, nil
}

// procfs is the same process through the prometheus library, by its number.
func (p *Process) procfs() (procfs.Proc, error) {
	root, err := procfs.NewFS(p.fs.proc)
	if err != nil {
		return procfs.Proc{}, fmt.Errorf("procfs at %s: %w", p.fs.proc, err)
	}
	proc, err := root.Proc(p.pid)
	if err != nil {
		return procfs.Proc{}, problem(p.path(""), err)
	}
	return proc, nil
}
