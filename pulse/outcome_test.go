package pulse

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"syscall"
	"testing"
	"time"
)

func TestOutcomeLines(t *testing.T) {
	big := pulse{kind: "big", number: 1, of: 3, conns: 10_000}
	small := pulse{kind: "small", number: 7, conns: 1000}
	tests := []struct {
		name   string
		pulse  pulse
		result outcome
		want   string
		bad    bool
	}{
		{
			"all well", big,
			outcome{connected: 10_000, dialling: 412 * time.Millisecond, held: 4*time.Second + 300*time.Microsecond},
			"big 1/3: 10000 connected in 0.41 s, held 4 s, 0 refused, 0 lost", false,
		},
		{
			"refused", small,
			outcome{dialling: 20 * time.Millisecond, failed: tally{refused: 1000}},
			"small 7: 0 connected in 0.02 s, held 0 s, 1000 refused, 0 lost", true,
		},
		{
			"of every kind", small,
			outcome{connected: 990, dialling: 31 * time.Second, held: 250 * time.Millisecond, failed: tally{refused: 1, timedOut: 2, noPort: 7}, lost: tally{reset: 3, closed: 12}},
			"small 7: 990 connected in 31.00 s, held 0.25 s, 1 refused, 7 without a free local port, 2 timed out, 15 lost (12 closed by the peer, 3 reset)", true,
		},
		{
			"interrupted", big,
			outcome{connected: 5, dialling: time.Second, held: time.Second, interrupted: true},
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
	}
	for _, test := range tests {
		if got := reasonOf(test.err); got != test.want {
			t.Errorf("%v: %q, want %q", test.err, got, test.want)
		}
	}
}
