package kernel

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strconv"

	"whyres/collector/mem"
)

// maxStatus bounds a reading of status: its Groups line grows with the
// process's supplementary groups, at most 65,536 of eleven characters.
const maxStatus = 1 << 20

// Status is what whyres uses of /proc/PID/status (fs/proc/array.c,
// proc_pid_status). Sizes in bytes.
type Status struct {
	// State is the letter: R running, S sleeping, D waiting, T stopped, Z
	// zombie, X dead.
	State byte
	// TGID is the process; of a thread, the one that it belongs to.
	TGID    int
	UID     uint32
	Threads int
	// KernelThread as the kernel says it since 6.8; before, false.
	KernelThread bool
	// HasMemory: the process has an address space. An exited process has
	// none, nor has a kernel thread.
	HasMemory bool
	RSS       mem.RSS
	VMSize    uint64
	VMPTE     uint64
	VMLck     uint64
	VMHWM     uint64
	// SeccompFilter: the process's system calls go through a seccomp filter
	// (SECCOMP_MODE_FILTER, 2, of include/uapi/linux/seccomp.h).
	SeccompFilter bool
}

// Status reads the file, through the descriptor that is already open: the
// kernel writes it anew for each read from its beginning.
func (p *Process) Status() (Status, error) {
	text, err := p.readStatus()
	if err != nil {
		return Status{}, problem(p.path("status"), err)
	}
	s, err := parseStatus(text)
	if err != nil {
		return Status{}, fmt.Errorf("%s: %w", p.path("status"), err)
	}
	return s, nil
}

// readStatus reads the file into the process's own buffer.
func (p *Process) readStatus() ([]byte, error) {
	for {
		n, err := p.status.ReadAt(p.buf, 0)
		if errors.Is(err, io.EOF) {
			return p.buf[:n], nil
		}
		if err != nil {
			return nil, err
		}
		if len(p.buf) >= maxStatus {
			return nil, fmt.Errorf("longer than %d bytes", maxStatus)
		}
		p.buf = make([]byte, 2*len(p.buf))
	}
}

// gone says why a process without an address space has none, nil if it has.
func (s Status) gone() error {
	switch {
	case s.HasMemory && s.State != 'Z' && s.State != 'X':
		return nil
	case s.KernelThread:
		return ErrKernelThread
	case s.State == 'Z' && s.Threads > 1:
		return fmt.Errorf("the main thread has exited, %d others have not: %w", s.Threads-1, ErrGone)
	}
	return ErrGone
}

// parseStatus reads "Key:\tvalue" lines; a key it does not know is passed
// over. It allocates nothing.
func parseStatus(text []byte) (Status, error) {
	var s Status
	for len(text) > 0 {
		line := text
		if end := bytes.IndexByte(text, '\n'); end >= 0 {
			line, text = text[:end], text[end+1:]
		} else {
			text = nil
		}
		key, value, found := bytes.Cut(line, []byte{':'})
		if !found {
			continue
		}
		if err := s.set(key, bytes.TrimSpace(value)); err != nil {
			return Status{}, fmt.Errorf("line %q: %w", clip(line), err)
		}
	}
	if s.State == 0 {
		return Status{}, errors.New("no State line: not a process's status file")
	}
	return s, nil
}

// set takes one line.
func (s *Status) set(key, value []byte) (err error) {
	switch string(key) {
	case "State":
		if len(value) == 0 {
			return errors.New("no state letter")
		}
		s.State = value[0]
	case "Tgid":
		var tgid uint64
		tgid, err = parseUint(value)
		s.TGID = int(min(tgid, 1<<31-1))
	case "Uid":
		var uid uint64
		uid, err = parseUint(firstField(value))
		s.UID = uint32(uid)
	case "Threads":
		var n uint64
		n, err = parseUint(value)
		s.Threads = int(min(n, 1<<31-1))
	case "Kthread":
		s.KernelThread = string(value) == "1"
	case "Seccomp":
		s.SeccompFilter = string(value) == "2"
	case "VmSize":
		s.HasMemory = true
		s.VMSize, err = parseKiB(value)
	case "VmPTE":
		s.VMPTE, err = parseKiB(value)
	case "VmLck":
		s.VMLck, err = parseKiB(value)
	case "VmHWM":
		s.VMHWM, err = parseKiB(value)
	case "RssAnon":
		s.RSS.Anon, err = parseSignedKiB(value)
	case "RssFile":
		s.RSS.File, err = parseSignedKiB(value)
	case "RssShmem":
		s.RSS.Shmem, err = parseSignedKiB(value)
	case "VmSwap":
		s.RSS.Swap, err = parseSignedKiB(value)
	}
	return err
}

// Light fills the /proc part of a sample from status alone, in some
// microseconds. The RSS is exact from Linux 6.16 on (82241a83cd15, in 6.12 from
// 6.12.39 on); before, the kernel's own counters lag by up to 64 pages a thread,
// or a batch per CPU.
func (p *Process) Light() (mem.Sample, error) {
	at := Now()
	st, err := p.Status()
	if err != nil {
		return mem.Sample{}, err
	}
	if err := st.gone(); err != nil {
		return mem.Sample{}, fmt.Errorf("%s: %w", p.path("status"), err)
	}
	return mem.Sample{
		At: at, Dur: int64(Now().Sub(at)), PID: p.pid,
		RSS: st.RSS, RSSSource: SourceStatus, Threads: st.Threads,
		VMSize: st.VMSize, VMPTE: st.VMPTE, VMLck: st.VMLck, VMHWM: st.VMHWM,
	}, nil
}

// SourceStatus and SourceSmaps are the values of mem.Sample.RSSSource.
const (
	SourceStatus = "status"
	SourceSmaps  = "smaps_rollup"
)

// parseKiB reads "123 kB" into bytes.
func parseKiB(value []byte) (uint64, error) {
	digits, unit, _ := bytes.Cut(value, []byte{' '})
	if string(bytes.TrimSpace(unit)) != "kB" {
		return 0, errors.New("want a number of kB")
	}
	n, err := parseUint(digits)
	if err != nil {
		return 0, err
	}
	if n > 1<<53 {
		return 0, errors.New("size beyond the address space")
	}
	return n << 10, nil
}

func parseSignedKiB(value []byte) (int64, error) {
	n, err := parseKiB(value)
	return int64(n), err
}

// parseUint reads decimal digits without allocating.
func parseUint(digits []byte) (uint64, error) {
	if len(digits) == 0 || len(digits) > 20 {
		return 0, errors.New("want a decimal number")
	}
	n, err := strconv.ParseUint(string(digits), 10, 64)
	if err != nil {
		return 0, errors.New("want a decimal number")
	}
	return n, nil
}

func firstField(value []byte) []byte {
	if end := bytes.IndexAny(value, " \t"); end >= 0 {
		return value[:end]
	}
	return value
}

// clip keeps what a message can bear of a hostile line.
func clip(line []byte) []byte { return line[:min(len(line), 80)] }
