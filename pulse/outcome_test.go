package pulse

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"syscall"
	"testing"
	"time"
)

func TestOutcomeLines(t *testing.T) {
	big := pulse{kind: "big", number: 1, of: 3, conns: 10_000}
	small := pulse{kind: "small", number: 7, conns: 1000}
	start := time.Date(2014, 3, 14, 15, 9, 26, 0, time.UTC)
	tests := []struct {
		name   string
		pulse  pulse
		result outcome
		want   string
		bad    bool
	}{
		{
			"all well", big,
			outcome{connected: 10_000, start: start, open: start.Add(412 * time.Millisecond), held: 4*time.Second + 300*time.Microsecond},
			"big 1/3: 10000 connected in 0.41 s, held 4 s, 0 refused, 0 lost", false,
		},
		{
			"refused", small,
			outcome{start: start, open: start.Add(20 * time.Millisecond), failed: tally{refused: 1000}},
			"small 7: 0 connected in 0.02 s, held 0 s, 1000 refused, 0 lost", true,
		},
		{
			"of every kind", small,
			outcome{connected: 990, start: start, open: start.Add(31 * time.Second), held: 250 * time.Millisecond, failed: tally{refused: 1, timedOut: 2, noPort: 7}, lost: tally{reset: 3, closed: 12}},
			"small 7: 990 connected in 31.00 s, held 0.25 s, 1 refused, 7 without a free local port, 2 timed out, 15 lost (12 closed by the peer, 3 reset)", true,
		},
		{
			"with latencies", small,
			outcome{
				connected: 1000, start: start, open: start.Add(time.Second), held: 4 * time.Second,
				served: served{measured: true, count: 1000, p50: 412 * time.Microsecond, p99: 3104 * time.Microsecond, slowest: time.Second},
			},
			"small 7: 1000 connected in 1.00 s, served in 0.41 ms (p50), 3.10 ms (p99), held 4 s, 0 refused, 0 lost", false,
		},
		{
			"with no answer", small,
			outcome{start: start, open: start.Add(10 * time.Second), failed: tally{silent: 1000}, served: served{measured: true}},
			"small 7: 0 connected in 10.00 s, held 0 s, 0 refused, 1000 without an answer, 0 lost", true,
		},
		{
			"interrupted", big,
			outcome{connected: 5, start: start, open: start.Add(time.Second), held: time.Second, interrupted: true},
			"big 1/3: 5 connected in 1.00 s, held 1 s, 0 refused, 0 lost, interrupted", false,
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if got := test.result.line(test.pulse); got != test.want {
				t.Errorf("got  %q\nwant %q", got, test.want)
			}
			if got := test.result.anyFailed(); got != test.bad {
				t.Errorf("anyFailed %v, want %v", got, test.bad)
			}
		})
	}
}

func TestTotalsAddUp(t *testing.T) {
	total := newOutcome()
	total.add(outcome{connected: 3, failed: tally{refused: 1, timedOut: 1}, lost: tally{reset: 1}})
	total.add(outcome{connected: 4, failed: tally{refused: 2}, lost: tally{reset: 1, closed: 2}, interrupted: true})
	want := "total: 2 pulses, 7 connected, 3 refused, 1 timed out, 4 lost (2 closed by the peer, 2 reset), interrupted"
	if got := total.totals(2); got != want {
		t.Errorf("got  %q\nwant %q", got, want)
	}
}

func TestReasonOf(t *testing.T) {
	dial := func(errno syscall.Errno) error {
		return &net.OpError{Op: "dial", Net: "tcp", Err: os.NewSyscallError("connect", errno)}
	}
	tests := []struct {
		err  error
		want reason
	}{
		{dial(syscall.ECONNREFUSED), refused},
		{fmt.Errorf("pulse: %w", dial(syscall.ECONNREFUSED)), refused},
		{dial(syscall.ECONNRESET), reset},
		{dial(syscall.ETIMEDOUT), timedOut},
		{&net.OpError{Op: "dial", Err: os.ErrDeadlineExceeded}, timedOut},
		{context.DeadlineExceeded, timedOut},
		{dial(syscall.EADDRNOTAVAIL), noPort},
		{dial(syscall.EMFILE), noFile},
		{dial(syscall.ENFILE), noFile},
		{dial(syscall.EHOSTUNREACH), noRoute},
		{dial(syscall.EPERM), "operation not permitted"},
		{errors.New("127.0.0.1:40001: something odd"), other},
		{errSilent, silent},
		{errMisheard, misheard},
		{io.EOF, closed},
	}
	for _, test := range tests {
		if got := reasonOf(test.err); got != test.want {
			t.Errorf("%v: %q, want %q", test.err, got, test.want)
		}
	}
}
