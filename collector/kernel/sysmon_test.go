package kernel

import (
	"errors"
	"runtime"
	"slices"
	"strconv"
	"testing"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"

	"whyres/collector/mem"
)

func TestParseFutexWait(t *testing.T) {
	call := strconv.Itoa(unix.SYS_FUTEX)
	for line, want := range map[string]futexWait{
		call + " 0x5d2a38 0x80 0x0 0x7f01 0x0 0x0 0x7ffe 0x45\n":           {uaddr: 0x5d2a38, op: 0x80, timeoutAt: 0x7f01},
		call + " 0x5d2a38 0x80 0xffffffff00000002 0x0 0x0 0x0 0x7ffe 0x45": {uaddr: 0x5d2a38, op: 0x80, value: 2},
		"1" + call + " 0x1 0x80 0x0 0x2 0x0 0x0 0x3 0x4":                   {},
		"-1 0x7ffe 0x45": {},
		"running\n":      {},
		"":               {},
		call + " 0x1 0x80 zz 0x2 0x0 0x0 0x3 0x4": {},
	} {
		if got := parseFutexWait([]byte(line)); got != want {
			t.Errorf("%q: %+v, want %+v", line, got, want)
		}
	}
	for _, c := range []struct {
		wait futexWait
		want bool
	}{
		{futexWait{op: 128, timeoutAt: 1}, true},
		{futexWait{op: 128}, false},                         // an idle thread of Go's
		{futexWait{op: 128, value: 2, timeoutAt: 1}, false}, // a lock
		{futexWait{op: 137, timeoutAt: 1}, false},           // the C library's
	} {
		if c.wait.timed() != c.want {
			t.Errorf("%+v: %v", c.wait, !c.want)
		}
	}
}

func TestParseExecStart(t *testing.T) {
	text := "cat (6962, #threads: 1)\n---\nse.exec_start                                :      24045066.222800\nse.vruntime : 1.5\n"
	if got, err := parseExecStart([]byte(text)); got != 24045066222800 || err != nil {
		t.Errorf("%d, %v", got, err)
	}
	for _, text := range []string{"", "se.exec_start : 12\n", "se.exec_start : 1.5\n", "se.exec_start : -1.000000\n", "se.exec_start : x.000000\n"} {
		if got, err := parseExecStart([]byte(text)); err == nil {
			t.Errorf("%q: %d, want an error", text, got)
		}
	}
}

func TestParseLastCPU(t *testing.T) {
	text := "7 (a) b) S 1 7 7 0 -1 4194560 10 0 0 0 1 2 0 0 20 0 1 0 99 4096 7 18446744073709551615 1 1 0 0 0 0 0 0 0 0 0 0 17 5 0 0 0 0 0"
	if got, err := parseLastCPU([]byte(text)); got != 5 || err != nil {
		t.Errorf("%d, %v", got, err)
	}
	for _, text := range []string{"", "7 (a) S 1 2"} {
		if got, err := parseLastCPU([]byte(text)); err == nil {
			t.Errorf("%q: CPU %d, want an error", text, got)
		}
	}
}

// The clocks of all CPUs, seen from each: a thread's own sleep is the oracle.
func TestClockOfAThreadThatSleeps(t *testing.T) {
	p := openSelf(t, Options{})
	for range 5 {
		tid, slept := make(chan int), make(chan mem.Instant)
		go func() {
			runtime.LockOSThread()
			tid <- unix.Gettid()
			now := Now()
			_ = unix.Nanosleep(&unix.Timespec{Sec: 1}, nil)
			slept <- now
		}()
		id := strconv.Itoa(<-tid)
		time.Sleep(300 * time.Millisecond)
		if err := p.follow(id); err != nil {
			t.Fatal(err)
		}
		ticks, err := p.sysmon.ticks()
		if errors.Is(err, errNoSched) {
			t.Skip(err)
		}
		p.sysmon.forget()
		got := p.instantOf(ticks, id)
		if want := <-slept; err != nil || got < want.Add(-100*time.Millisecond) || got > want.Add(200*time.Millisecond) {
			t.Errorf("asleep since %v by the scheduler's clock, %v by its own: %v (%v)", got, want, got.Sub(want), err)
		}
	}
}

// A process in which no monitor thread is found costs less and less.
func TestSearchBacksOff(t *testing.T) {
	t.Parallel()
	var s search
	wholly, partly := []time.Duration{}, 0
	for now := time.Duration(0); now < 5*time.Minute; now += 100 * time.Millisecond {
		switch all, some := s.due(mem.Instant(time.Hour + now)); {
		case all:
			wholly = append(wholly, now/time.Second)
		case some:
			partly++
		}
	}
	if want := []time.Duration{0, 1, 3, 7, 15, 31, 63, 123, 183, 243}; !slices.Equal(wholly, want) {
		t.Errorf("all threads were looked at after %v s, want %v", wholly, want)
	}
	if partly < 280 || partly > 300 {
		t.Errorf("the oldest were looked at %d times in 5 minutes, want each second", partly)
	}
}

// waiter is a thread that waits on a futex as sysmon does.
type waiter struct {
	word    uint32
	timeout unix.Timespec
	tid     chan int
	over    chan struct{}
}

func newWaiter(t *testing.T, timeout time.Duration) (w *waiter, tid string) {
	t.Helper()
	w = &waiter{timeout: unix.NsecToTimespec(int64(timeout)), tid: make(chan int, 1), over: make(chan struct{})}
	go func() {
		defer close(w.over)
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		w.tid <- unix.Gettid()
		_, _, _ = unix.Syscall6(unix.SYS_FUTEX, uintptr(unsafe.Pointer(&w.word)), futexWaitPrivate, 0, uintptr(unsafe.Pointer(&w.timeout)), 0, 0)
	}()
	t.Cleanup(w.wake)
	return w, strconv.Itoa(<-w.tid)
}

func (w *waiter) wake() {
	const wakePrivate = 129
	for {
		_, _, _ = unix.Syscall6(unix.SYS_FUTEX, uintptr(unsafe.Pointer(&w.word)), wakePrivate, 1, 0, 0, 0)
		select {
		case <-w.over:
			return
		case <-time.After(time.Millisecond):
		}
	}
}

// Without the runtime's symbols a thread is the monitor by its way to wait alone.
// One that turns out to be another is let go, and not taken again at once.
func TestLookAlikeIsForgotten(t *testing.T) {
	for _, c := range []struct {
		name    string
		timeout time.Duration
		second  bool
		want    bool
	}{
		{"as sysmon", 50 * time.Second, false, true},
		{"a sleep that is too long", 90 * time.Second, false, false},
		{"a second thread that waits so", 50 * time.Second, true, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := openSelf(t, Options{})
			_, tid := newWaiter(t, c.timeout)
			if c.second {
				newWaiter(t, 40*time.Second)
			}
			time.Sleep(50 * time.Millisecond)
			if err := p.follow(tid); err != nil {
				t.Fatal(err)
			}
			p.sysmon.proved = p.sysmon.proved.Add(-2 * searchRarely)
			got, err := p.Sysmon(0)
			if err != nil || got.Deep != c.want || (p.sysmon.tid != "") != c.want {
				t.Errorf("%+v, %v; followed: %q", got, err, p.sysmon.tid)
			}
			if again, err := p.Sysmon(0); again.Deep != c.want || err != nil {
				t.Errorf("the next look: %+v, %v", again, err)
			}
		})
	}
}

// The monitor thread of a program that is stripped or not is not longer asleep
// than it ever is.
func TestSleepsThatAreTooLong(t *testing.T) {
	p := openSelf(t, Options{})
	w, tid := newWaiter(t, 30*time.Minute)
	time.Sleep(50 * time.Millisecond)
	if err := p.follow(tid); err != nil {
		t.Fatal(err)
	}
	if got, err := p.Sysmon(mem.Addr(uintptr(unsafe.Pointer(&w.word)))); err != nil || got != (Sleep{}) {
		t.Errorf("%+v, %v, want nothing told", got, err)
	}
}
