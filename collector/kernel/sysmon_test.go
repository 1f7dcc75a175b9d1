package kernel

import (
	"errors"
	"runtime"
	"strconv"
	"testing"
	"time"

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
