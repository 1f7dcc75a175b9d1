package kernel

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"time"

	"golang.org/x/sys/unix"

	"whyres/collector/mem"
)

// Sleep is how Go's monitor thread sleeps (runtime.sysmon, proc.go). While
// nothing of the program runs it waits on a note for at most a minute, less where
// a timer is due; else it naps for 10 ms at most.
type Sleep struct {
	// Deep: it waits on the note. The rest is 0 otherwise.
	Deep bool
	// For is how long the wait may last.
	For time.Duration
	// Ran is when it fell asleep; 0 where the kernel does not tell. Wakes is
	// when it wakes at the latest: Ran + For, or else For after the look that
	// saw it asleep first.
	Ran, Wakes mem.Instant
}

// sysmon is what is remembered of the monitor thread between looks.
type sysmon struct {
	tid string
	// call and sched are its files, held open: a look costs two small reads.
	// sched is nil where there is none.
	call, sched *os.File
	search      search
	// proved is when it was seen last to be the only thread that waits so.
	proved mem.Instant
	// turn tells one wait from another: se.exec_start, in ns, or where that is
	// not to be read how often the thread has waited. seen is when it was read
	// first, ran the instant that it stands for, 0 where it stands for none.
	turn    int64
	seen    mem.Instant
	ran     mem.Instant
	timeout time.Duration
}

// search is how it is looked for while it is not known.
type search struct {
	// looked is when that was last. All threads are looked at from next on, and
	// pause after that again.
	looked, next mem.Instant
	pause        time.Duration
}

const (
	// sysmonTries bounds how many threads are looked at: the runtime starts its
	// monitor first of all (runtime.main), only C may have been earlier. Where the
	// threads' numbers have begun anew since, it may be missed.
	sysmonTries = 64
	// firstTries is how many of the oldest threads are looked at each time.
	firstTries = 4
	// searchEvery is how often it is looked for among the oldest threads: while it
	// is awake it cannot be told from others. All threads are looked at more and
	// more rarely, as long as none is found: a busy process has many.
	searchEvery  = time.Second
	searchRarely = time.Minute
	// longestSleep is that of sysmon: half of runtime.forcegcperiod, and a little.
	longestSleep = time.Minute + 100*time.Millisecond
	// napping is the longest nap; a wait with a shorter timeout is for a timer,
	// and over before it matters.
	napping = 20 * time.Millisecond
	// futexWaitPrivate is FUTEX_WAIT|FUTEX_PRIVATE_FLAG, with which the runtime
	// waits (runtime.futexsleep): its timeout is relative. The C library waits
	// with FUTEX_WAIT_BITSET, until an instant.
	futexWaitPrivate = 128
)

// Sysmon looks at the monitor thread of a Go process. note is the address of
// runtime.sched.sysmonnote, on which only that thread waits; where it is 0, not
// known, it is the only thread that waits in the runtime's way and for a time:
// since Go 1.14 timers have no thread of their own. A thread that cannot be seen,
// or is awake, is no error: the answer is the zero Sleep.
func (p *Process) Sysmon(note mem.Addr) (Sleep, error) {
	s := &p.sysmon
	if s.tid == "" {
		return p.searchSysmon(note)
	}
	line, err := again(s.call)
	if err != nil {
		s.forget()          // an exec: the thread has ended
		return Sleep{}, nil //nolint:nilerr // nothing is known of it now
	}
	wait := parseFutexWait(line)
	if !wait.timed() || note != 0 && wait.uaddr != note {
		return Sleep{}, nil
	}
	return p.sysmonSleep(note, wait.timeoutAt)
}

// sysmonSleep tells the wait of the thread that is followed, and forgets the
// thread where it cannot be sysmon's.
func (p *Process) sysmonSleep(note, timeoutAt mem.Addr) (Sleep, error) {
	out, err := p.sleep(timeoutAt)
	if err != nil || !out.Deep {
		return out, err
	}
	if note == 0 && !p.stillSysmon(out.For) {
		p.sysmon.forget()
		p.sysmon.search.rest(Now())
	}
	if p.sysmon.tid == "" || out.For > longestSleep {
		return Sleep{}, nil
	}
	return out, nil
}

// searchSysmon looks for it, if it is time.
func (p *Process) searchSysmon(note mem.Addr) (Sleep, error) {
	all, some := p.sysmon.search.due(Now())
	switch {
	case all:
		return p.findSysmon(note, sysmonTries)
	case some && note != 0:
		return p.findSysmon(note, firstTries)
	}
	return Sleep{}, nil
}

// due tells whether all threads are to be looked at now, or at least some.
func (s *search) due(now mem.Instant) (all, some bool) {
	if s.looked != 0 && now.Sub(s.looked) < searchEvery {
		return false, false
	}
	s.looked = now
	if now < s.next {
		return false, true
	}
	s.pause = min(max(2*s.pause, searchEvery), searchRarely)
	s.next = now.Add(s.pause)
	return true, true
}

// rest lets it be for the longest pause.
func (s *search) rest(now mem.Instant) {
	*s = search{looked: now, next: now.Add(searchRarely), pause: searchRarely}
}

// stillSysmon looks again whether the thread that is followed is the monitor, where
// nothing but its way to wait tells it: no sleep is longer than that of sysmon, and
// no second thread waits in the same way. The latter is looked at once a minute.
func (p *Process) stillSysmon(sleep time.Duration) bool {
	if sleep > longestSleep {
		return false
	}
	s, now := &p.sysmon, Now()
	if now.Sub(s.proved) < searchRarely {
		return true
	}
	s.proved = now
	tid, _, n, err := p.waiting(0, sysmonTries)
	return err != nil || n == 0 || n == 1 && tid == s.tid
}

// findSysmon looks through so many threads.
func (p *Process) findSysmon(note mem.Addr, tries int) (Sleep, error) {
	found, at, n, err := p.waiting(note, tries)
	if err != nil || n != 1 {
		return Sleep{}, err
	}
	if err := p.follow(found); err != nil {
		return Sleep{}, nil //nolint:nilerr // it has ended
	}
	return p.sysmonSleep(note, at)
}

// waiting counts the threads that wait as sysmon does, and tells the last of them,
// and where its timeout is.
func (p *Process) waiting(note mem.Addr, tries int) (found string, at mem.Addr, n int, err error) {
	tids, err := p.threads(tries)
	if err != nil {
		return "", 0, 0, err
	}
	for _, tid := range tids {
		wait, err := p.wait(tid)
		if errors.Is(err, ErrNoPermission) {
			return "", 0, 0, err
		}
		if err == nil && wait.timed() && (note == 0 || wait.uaddr == note) {
			found, at = tid, wait.timeoutAt
			n++
		}
	}
	return found, at, n, nil
}

// follow holds the thread's files open.
func (p *Process) follow(tid string) error {
	call, err := p.open(filepath.Join("task", tid, "syscall"))
	if err != nil {
		return err
	}
	p.sysmon = sysmon{tid: tid, call: call, proved: Now()}
	if sched, err := p.open(filepath.Join("task", tid, "sched")); err == nil {
		p.sysmon.sched = sched
	}
	return nil
}

// forget lets the thread go.
func (s *sysmon) forget() {
	for _, f := range []*os.File{s.call, s.sched} {
		if f != nil {
			_ = f.Close() // only read
		}
	}
	*s = sysmon{}
}

// again reads the beginning of a /proc file that is held open: the kernel makes it
// anew for each reading from 0 on.
func again(f *os.File) ([]byte, error) {
	b := make([]byte, smallFile)
	n, err := unix.Pread(int(f.Fd()), b, 0)
	return b[:max(n, 0)], err
}

// threads are the process's threads that may be it: by number, the lowest first.
// The kernel lists the oldest first: of a few no more are read.
func (p *Process) threads(tries int) ([]string, error) {
	tasks, err := p.open("task")
	if err != nil {
		return nil, err
	}
	defer tasks.Close() //nolint:errcheck // only read
	most := maxThreads
	if tries < sysmonTries {
		most = tries
	}
	names, err := tasks.Readdirnames(most)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, problem(p.path("task"), err)
	}
	slices.SortFunc(names, func(a, b string) int {
		return cmp.Or(cmp.Compare(len(a), len(b)), cmp.Compare(a, b))
	})
	return names[:min(len(names), tries)], nil
}

// futexWait is a thread's wait on a futex.
type futexWait struct {
	op, value uint64
	uaddr     mem.Addr
	timeoutAt mem.Addr
}

// timed: as the runtime waits on a note with a timeout.
func (w futexWait) timed() bool {
	return w.op == futexWaitPrivate && w.value == 0 && w.timeoutAt != 0
}

// wait reads what a thread waits for; zero where that is no futex.
func (p *Process) wait(tid string) (futexWait, error) {
	line, err := p.small(filepath.Join("task", tid, "syscall"))
	if err != nil {
		return futexWait{}, err
	}
	return parseFutexWait(line), nil
}

// parseFutexWait reads "nr arg0 ... arg5 sp pc" (fs/proc/base.c,
// proc_pid_syscall) of futex(uaddr, op, val, timeout, ...).
func parseFutexWait(line []byte) (w futexWait) {
	words := bytes.Fields(line)
	if len(words) < 9 || string(words[0]) != strconv.Itoa(unix.SYS_FUTEX) {
		return futexWait{}
	}
	var args [4]uint64
	for i := range args {
		digits, _ := bytes.CutPrefix(words[1+i], []byte("0x"))
		n, err := parseAddr(digits)
		if err != nil {
			return futexWait{}
		}
		args[i] = uint64(n)
	}
	return futexWait{uaddr: mem.Addr(args[0]), op: args[1], value: args[2] & (1<<32 - 1), timeoutAt: mem.Addr(args[3])}
}

// sleep tells the thread's wait, whose timeout lies at that address.
func (p *Process) sleep(at mem.Addr) (Sleep, error) {
	timeout, err := p.timespec(at)
	if err != nil || timeout <= napping {
		return Sleep{}, err
	}
	s, now := &p.sysmon, Now()
	ticks, noTicks := s.ticks()
	turn := ticks
	if noTicks != nil {
		if turn, err = p.waits(filepath.Join("task", s.tid, "status")); err != nil {
			return Sleep{Deep: true, For: timeout, Wakes: now.Add(timeout)}, nil //nolint:nilerr // all that is known
		}
	}
	if turn != s.turn || timeout != s.timeout {
		s.turn, s.timeout, s.seen, s.ran = turn, timeout, now, 0
		if noTicks == nil {
			s.ran = p.instantOf(ticks, s.tid)
		}
	}
	out := Sleep{Deep: true, For: timeout, Ran: s.ran, Wakes: s.seen.Add(timeout)}
	if s.ran != 0 {
		out.Wakes = s.ran.Add(timeout)
	}
	return out, nil
}

// ticks is se.exec_start.
func (s *sysmon) ticks() (int64, error) {
	if s.sched == nil {
		return 0, errNoSched
	}
	b, err := again(s.sched)
	if err != nil {
		return 0, err
	}
	return parseExecStart(b)
}

var errNoSched = errors.New("this kernel has no sched files")

// waits is voluntary_ctxt_switches of a thread's status file.
func (p *Process) waits(file string) (int64, error) {
	b, err := p.small(file)
	if err != nil {
		return 0, err
	}
	_, rest, found := bytes.Cut(b, []byte("\nvoluntary_ctxt_switches:"))
	if !found {
		return 0, fmt.Errorf("%s: no voluntary_ctxt_switches", p.path(file))
	}
	line, _, _ := bytes.Cut(rest, []byte("\n"))
	return strconv.ParseInt(string(bytes.TrimSpace(line)), 10, 64)
}

// timespec reads a struct timespec of the process's memory.
func (p *Process) timespec(at mem.Addr) (time.Duration, error) {
	var b [16]byte
	n, err := p.readPieces([]mem.Addr{at}, len(b), b[:])
	if err != nil || n == 0 {
		return 0, err
	}
	sec, nsec := int64(binary.NativeEndian.Uint64(b[:])), int64(binary.NativeEndian.Uint64(b[8:]))
	const most = int64(time.Hour / time.Second) // nothing that waits so is known to wait longer
	if sec < 0 || sec > most || nsec < 0 || nsec >= int64(time.Second) {
		return 0, nil // it has woken, and the stack is used for something else
	}
	return time.Duration(sec)*time.Second + time.Duration(nsec), nil
}

// small reads a file that the kernel writes in one piece.
func (p *Process) small(file string) ([]byte, error) {
	f, err := p.open(file)
	if err != nil {
		return nil, err
	}
	defer f.Close() //nolint:errcheck // only read
	b := make([]byte, smallFile)
	n, err := f.Read(b)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, problem(p.path(file), err)
	}
	return b[:n], nil
}

// smallFile holds a thread's stat, syscall and status files, and the beginning of
// its sched file, where exec_start is.
const smallFile = 4096

// parseExecStart reads se.exec_start of a thread's sched file (kernel/sched/debug.c,
// CONFIG_SCHED_DEBUG up to Linux 6.14): when it was last accounted for, in ns of
// its CPU's clock. Of a thread that sleeps that is when it fell asleep.
func parseExecStart(b []byte) (int64, error) {
	for line := range bytes.Lines(b) {
		name, value, found := bytes.Cut(line, []byte(":"))
		if !found || string(bytes.TrimSpace(name)) != "se.exec_start" {
			continue
		}
		ms, fraction, found := bytes.Cut(bytes.TrimSpace(value), []byte("."))
		whole, err := strconv.ParseInt(string(ms), 10, 64)
		part, errPart := strconv.ParseInt(string(fraction), 10, 64)
		const most = 1 << 61 / int64(time.Millisecond) // 73 years
		if err != nil || errPart != nil || !found || len(fraction) != 6 || whole < 0 || whole > most || part < 0 {
			return 0, fmt.Errorf("se.exec_start: want milliseconds, have %q", clip(value))
		}
		return whole*int64(time.Millisecond) + part, nil
	}
	return 0, errors.New("no se.exec_start")
}
