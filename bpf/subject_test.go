package bpf

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"runtime/debug"
	"strconv"
	"strings"
	"testing"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"

	"whyres/collector/mem"
)

// A subject is this test binary, started again to be traced. It says over its
// standard output what it did: that, and not this package, is the oracle.
const subjectEnv = "WHYRES_BPF_SUBJECT"

func TestMain(m *testing.M) {
	scenario := os.Getenv(subjectEnv)
	if scenario == "" {
		os.Exit(m.Run())
	}
	runtime.LockOSThread()
	runtime.GOMAXPROCS(2)
	debug.SetGCPercent(-1)
	in := bufio.NewReader(os.Stdin)
	name, arg, _ := strings.Cut(scenario, ":")
	n, _ := strconv.Atoi(arg)
	wait(in)
	switch name {
	case "calls":
		say(subjectCalls())
	case "releases":
		say(subjectReleases())
	case "disturbed":
		say(subjectDisturbed(n))
	case "storm":
		say(subjectStorm(n))
	case "collapse":
		say(subjectCollapse())
	case "frees":
		say(subjectFrees())
	case "family":
		say(subjectFamily())
	}
	wait(in)
}

func say(v any) {
	line, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	fmt.Println(string(line))
}

// wait blocks until the test sends a line or goes away.
func wait(in *bufio.Reader) { _, _ = in.ReadString('\n') }

// made is a call as the subject made it.
type made struct {
	Call  mem.Call
	Args  [6]uint64
	Ret   int64
	Errno string
	Left  int64 // pages that left RES, by construction; -1: not known
	Freed int64 // pages that the allocator got, by construction
}

func call(name mem.Call, nr uintptr, args ...uint64) made {
	m := made{Call: name, Left: -1}
	copy(m.Args[:], args)
	r, _, errno := unix.RawSyscall6(nr, uintptr(m.Args[0]), uintptr(m.Args[1]), uintptr(m.Args[2]), uintptr(m.Args[3]), uintptr(m.Args[4]), uintptr(m.Args[5]))
	m.Ret = int64(r)
	if errno != 0 {
		m.Ret, m.Errno = -1, unix.ErrnoName(errno)
	}
	return m
}

const (
	readWrite   = unix.PROT_READ | unix.PROT_WRITE
	privateAnon = unix.MAP_PRIVATE | unix.MAP_ANON
	noFD        = ^uint64(0)
)

// subjectCalls makes each kind of call, with success and with each errno that
// can be had.
func subjectCalls() []made {
	page := uint64(os.Getpagesize())
	var all []made
	do := func(name mem.Call, nr uintptr, args ...uint64) uint64 {
		m := call(name, nr, args...)
		all = append(all, m)
		return uint64(m.Ret)
	}
	a := do(mem.Mmap, unix.SYS_MMAP, 0, 64*page, readWrite, privateAnon, noFD, 0)
	do(mem.Mmap, unix.SYS_MMAP, 0, 0, readWrite, privateAnon, noFD, 0)          // EINVAL
	do(mem.Mmap, unix.SYS_MMAP, 0, page, unix.PROT_READ, unix.MAP_SHARED, 9999) // EBADF
	do(mem.Mmap, unix.SYS_MMAP, a+32*page, 8*page, readWrite, privateAnon|unix.MAP_FIXED, noFD, 0)
	do(mem.Madvise, unix.SYS_MADVISE, a, 16*page, unix.MADV_DONTNEED)
	do(mem.Madvise, unix.SYS_MADVISE, a, 16*page, unix.MADV_NOHUGEPAGE)
	do(mem.Madvise, unix.SYS_MADVISE, a, 16*page, unix.MADV_FREE)
	do(mem.Madvise, unix.SYS_MADVISE, a+1, page, unix.MADV_DONTNEED)  // EINVAL
	do(mem.Madvise, unix.SYS_MADVISE, a, page, 12345)                 // EINVAL
	do(mem.Madvise, unix.SYS_MADVISE, 4096, page, unix.MADV_DONTNEED) // ENOMEM
	do(mem.Munmap, unix.SYS_MUNMAP, a+60*page, 4*page)
	do(mem.Madvise, unix.SYS_MADVISE, a+56*page, 8*page, unix.MADV_DONTNEED) // ENOMEM: a hole
	do(mem.Munmap, unix.SYS_MUNMAP, a+1, page)                               // EINVAL
	b := do(mem.Mremap, unix.SYS_MREMAP, a, 16*page, 128*page, unix.MREMAP_MAYMOVE, 0)
	do(mem.Mremap, unix.SYS_MREMAP, b, 128*page, 8*page, 0, 0)
	do(mem.Mremap, unix.SYS_MREMAP, 4096, page, page, 0, 0) // EFAULT
	do(mem.Brk, unix.SYS_BRK, 0)
	do(mem.ProcessMadvise, unix.SYS_PROCESS_MADVISE, 9999, 0, 0, unix.MADV_COLD, 0) // EBADF
	name := []byte("whyres test\x00")
	do(mem.PrctlSetVMA, unix.SYS_PRCTL, unix.PR_SET_VMA, unix.PR_SET_VMA_ANON_NAME, b, 8*page, uint64(uintptr(unsafe.Pointer(&name[0]))))
	runtime.KeepAlive(name)
	do(mem.Munmap, unix.SYS_MUNMAP, b, 8*page)
	return all
}

// subjectReleases touches and releases sizes known by construction.
func subjectReleases() []made {
	page := os.Getpagesize()
	var all []made
	for _, pages := range []int{1, 2, 15, 31, 32, 33, 63, 64, 65, 511, 512, 513, 1024, 4096} {
		all = append(all, touchAndRelease(pages*page, unix.MADV_DONTNEED, int64(pages)))
	}
	// Half of it touched; then nothing of it.
	area := area(2048 * page)
	touch(area[:1024*page])
	all = append(all, release(area, unix.MADV_DONTNEED, 1024), release(area, unix.MADV_DONTNEED, 0))
	all = append(all, unmap(touched(area), 2048))
	return all
}

func area(size int) []byte {
	b, err := unix.Mmap(-1, 0, size, readWrite, privateAnon)
	if err != nil {
		panic(err)
	}
	if err := unix.Madvise(b, unix.MADV_NOHUGEPAGE); err != nil && err != unix.EINVAL {
		panic(err)
	}
	return b
}

func touch(b []byte) {
	for i := 0; i < len(b); i += os.Getpagesize() {
		b[i] = 1
	}
}

func touched(b []byte) []byte { touch(b); return b }

func release(b []byte, advice int, left int64) made {
	m := call(mem.Madvise, unix.SYS_MADVISE, uint64(uintptr(unsafe.Pointer(&b[0]))), uint64(len(b)), uint64(advice))
	m.Left = left
	return m
}

func unmap(b []byte, left int64) made {
	m := call(mem.Munmap, unix.SYS_MUNMAP, uint64(uintptr(unsafe.Pointer(&b[0]))), uint64(len(b)))
	m.Left = left
	return m
}

func touchAndRelease(size, advice int, left int64) made {
	b := touched(area(size))
	m := release(b, advice, left)
	_ = unix.Munmap(b)
	return m
}

// subjectDisturbed releases known sizes while another thread takes pages, as
// fast as it can.
func subjectDisturbed(n int) []made {
	page := os.Getpagesize()
	stop := make(chan struct{})
	done := make(chan struct{})
	go func() {
		defer close(done)
		runtime.LockOSThread()
		other := area(4096 * page)
		for {
			select {
			case <-stop:
				return
			default:
				touch(other)
				_ = unix.Madvise(other, unix.MADV_DONTNEED)
			}
		}
	}()
	mine := area(1024 * page)
	var all []made
	for range n {
		touch(mine)
		all = append(all, release(mine, unix.MADV_DONTNEED, 1024))
	}
	close(stop)
	<-done
	return all
}

// storm is what subjectStorm says: how many calls it made and how fast.
type storm struct {
	Calls  int
	Addr   uint64
	PerSec float64
}

// subjectStorm makes n calls at 200,000 a second or, if it cannot, as fast as
// it can.
func subjectStorm(n int) storm {
	b := area(os.Getpagesize())
	addr := uint64(uintptr(unsafe.Pointer(&b[0])))
	const perSecond = 200_000
	began := time.Now()
	for i := range n {
		_, _, _ = unix.RawSyscall(unix.SYS_MADVISE, uintptr(addr), uintptr(len(b)), unix.MADV_DONTNEED)
		if i%200 == 0 {
			for time.Since(began) < time.Duration(i)*time.Second/perSecond {
			}
		}
	}
	return storm{Calls: n, Addr: addr, PerSec: float64(n) / time.Since(began).Seconds()}
}

// subjectCollapse has five regions, of which half the pages are touched, made
// huge pages.
func subjectCollapse() (all []made) {
	for range 5 {
		all = append(all, collapse())
	}
	return all
}

// collapse makes one huge page: RES grows by the half that had not been touched,
// unless khugepaged was faster.
func collapse() made {
	const huge = 2 << 20
	page := os.Getpagesize()
	b := area(2 * huge)
	start := (uintptr(unsafe.Pointer(&b[0])) + huge - 1) &^ (huge - 1)
	at := int(start - uintptr(unsafe.Pointer(&b[0])))
	one := b[at : at+huge]
	touch(one[:huge/2])
	if err := unix.Madvise(one, unix.MADV_HUGEPAGE); err != nil {
		panic(err)
	}
	for range 20 { // EAGAIN: no huge page is free at the moment
		m := release(one, unix.MADV_COLLAPSE, -int64(huge/2/page))
		if m.Errno != "EAGAIN" {
			return m
		}
		time.Sleep(20 * time.Millisecond)
	}
	panic("no huge page to be had")
}

const hugePage = 2 << 20

// subjectFrees releases memory of which it knows what the allocator gets.
func subjectFrees() (all []made) {
	page := int64(os.Getpagesize())
	freeing := func(b []byte, advice int, left, freed int64) {
		m := release(b, advice, left/page)
		m.Freed = freed / page
		all = append(all, m)
	}
	const small = 64 << 20
	freeing(touched(area(small)), unix.MADV_DONTNEED, small, small)
	freeing(touched(area(4<<20)), unix.MADV_FREE, 0, 0)
	// A huge page goes to the allocator as a whole, when all of it has left RES.
	for _, huge := range hugePages(8) {
		freeing(huge[:hugePage/2], unix.MADV_DONTNEED, hugePage/2, 0)
		freeing(huge[hugePage/2:], unix.MADV_DONTNEED, hugePage/2, hugePage)
	}
	// What a forked child has, stays with it.
	shared := touched(area(8 << 20))
	child := fork()
	freeing(shared, unix.MADV_DONTNEED, 8<<20, 0)
	_ = unix.Kill(child, unix.SIGKILL)
	_, _ = unix.Wait4(child, nil, 0, nil)
	return all
}

// hugePages are so many, each checked by smaps; none where the kernel gives none.
func hugePages(n int) (all [][]byte) {
	b, err := unix.Mmap(-1, 0, (n+1)*hugePage, readWrite, privateAnon)
	if err != nil {
		panic(err)
	}
	if err := unix.Madvise(b, unix.MADV_HUGEPAGE); err != nil {
		return nil
	}
	skip := -uintptr(unsafe.Pointer(&b[0])) & (hugePage - 1)
	b = b[skip : skip+uintptr(n*hugePage)]
	before := hugeBytes()
	touch(b)
	if hugeBytes()-before != n*hugePage {
		return nil // memory is too fragmented, or the kernel has no huge pages
	}
	for i := range n {
		all = append(all, b[i*hugePage:(i+1)*hugePage])
	}
	return all
}

// hugeBytes are what the kernel counts as huge pages of this process.
func hugeBytes() (bytes int) {
	text, err := os.ReadFile("/proc/self/smaps_rollup")
	if err != nil {
		panic(err)
	}
	_, rest, _ := strings.Cut(string(text), "AnonHugePages:")
	kib, _, _ := strings.Cut(strings.TrimSpace(rest), " ")
	bytes, err = strconv.Atoi(kib)
	if err != nil {
		panic(err)
	}
	return bytes << 10
}

// fork makes a child that only waits to be killed.
func fork() int {
	pid, _, errno := unix.RawSyscall6(unix.SYS_CLONE, uintptr(unix.SIGCHLD), 0, 0, 0, 0, 0)
	if errno != 0 {
		panic(errno)
	}
	if pid == 0 {
		for {
			_, _, _ = unix.RawSyscall6(unix.SYS_PPOLL, 0, 0, 0, 0, 0, 0)
		}
	}
	return int(pid)
}

// family is what subjectFamily says.
type family struct{ Parent, Child int }

// subjectFamily starts a child that makes the subject's calls too.
func subjectFamily() family {
	cmd := exec.Command("/proc/self/exe")
	cmd.Env = append(os.Environ(), subjectEnv+"=calls")
	cmd.Stdin = strings.NewReader("\n\n")
	if err := cmd.Run(); err != nil {
		panic(err)
	}
	return family{Parent: os.Getpid(), Child: cmd.Process.Pid}
}

// subject is the test's side of one.
type subject struct {
	cmd *exec.Cmd
	in  io.WriteCloser
	out *bufio.Reader
}

func startSubject(t *testing.T, scenario string) *subject {
	t.Helper()
	cmd := exec.Command("/proc/self/exe")
	cmd.Env = append(os.Environ(), subjectEnv+"="+scenario)
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cmd.Process.Kill(); _ = cmd.Wait() })
	return &subject{cmd: cmd, in: in, out: bufio.NewReader(out)}
}

// go lets the subject do its work and returns what it says of it.
func (s *subject) run(t *testing.T, into any) {
	t.Helper()
	s.release(t)
	line, err := s.out.ReadBytes('\n')
	if err != nil {
		t.Fatalf("the subject said nothing: %v", err)
	}
	if err := json.Unmarshal(line, into); err != nil {
		t.Fatal(err)
	}
}

func (s *subject) release(t *testing.T) {
	t.Helper()
	if _, err := io.WriteString(s.in, "\n"); err != nil {
		t.Fatal(err)
	}
}
