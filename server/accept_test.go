package server

import (
	"bytes"
	"context"
	"errors"
	"log"
	"net"
	"os"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"
)

// script is a listener whose Accept answers with a list of errors and then is
// closed.
type script struct {
	net.Listener
	errs []error
}

func (s *script) Accept() (net.Conn, error) {
	if len(s.errs) == 0 {
		return nil, net.ErrClosed
	}
	err := s.errs[0]
	s.errs = s.errs[1:]
	if err == nil {
		ours, theirs := net.Pipe()
		_ = theirs.Close()
		return ours, nil
	}
	return nil, err
}

func acceptError(errno syscall.Errno) error {
	return &net.OpError{Op: "accept", Net: "tcp", Err: os.NewSyscallError("accept4", errno)}
}

func TestAcceptBacksOffAndGoesOn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var out bytes.Buffer
		logger := log.New(&out, "", 0)
		full := acceptError(syscall.EMFILE)
		// 5, 10, 20, ... 640 ms, then 1 s twice; a client; then afresh 5 ms.
		errs := []error{full, full, full, full, full, full, full, full, full, full, nil, full}
		a := acceptor{census: newCensus(500, logger), log: logger}
		start := time.Now()
		err := a.serve(t.Context(), &script{errs: errs})
		if !errors.Is(err, net.ErrClosed) {
			t.Errorf("serve: %v, want the closed listener", err)
		}
		want := (5+10+20+40+80+160+320+640+1000+1000+5)*time.Millisecond + 0
		if took := time.Since(start); took != want {
			t.Errorf("backed off %v, want %v", took, want)
		}
		synctest.Wait()
		if a.failed != 11 {
			t.Errorf("%d failed, want 11", a.failed)
		}
		// First of a row, the two at the longest pause, the one of the new row.
		if got := strings.Count(out.String(), "too many open files: raise ulimit -n"); got != 4 {
			t.Errorf("told %d times, want 4:\n%s", got, &out)
		}
		if !strings.Contains(out.String(), "accept works again, after 10 failed so far") {
			t.Errorf("recovery is not told:\n%s", &out)
		}
	})
}

func TestAcceptStopsWaitingWhenTheContextEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		logger := log.New(&bytes.Buffer{}, "", 0)
		ctx, cancel := context.WithTimeout(t.Context(), 17*time.Millisecond)
		defer cancel()
		full := acceptError(syscall.ENFILE)
		a := acceptor{census: newCensus(500, logger), log: logger}
		start := time.Now()
		err := a.serve(ctx, &script{errs: []error{full, full, full, full}})
		if err != nil {
			t.Errorf("serve: %v, want nil", err)
		}
		if took := time.Since(start); took != 17*time.Millisecond {
			t.Errorf("ended after %v, want 17ms", took)
		}
	})
}

func TestAnUnusableListenerIsFatal(t *testing.T) {
	for _, err := range []error{net.ErrClosed, acceptError(syscall.EINVAL), acceptError(syscall.EBADF)} {
		logger := log.New(&bytes.Buffer{}, "", 0)
		a := acceptor{census: newCensus(500, logger), log: logger}
		if got := a.serve(t.Context(), &script{errs: []error{err}}); !errors.Is(got, err) {
			t.Errorf("%v: serve returned %v", err, got)
		}
	}
}
