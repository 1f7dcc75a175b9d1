package server

import (
	"context"
	"errors"
	"log"
	"net"
	"syscall"
	"time"
)

// The pause after a failed accept doubles from the first to the longest.
const (
	firstPause   = 5 * time.Millisecond
	longestPause = time.Second
)

// bufferSize is the buffer a client gets, in bytes.
const bufferSize = 256

// acceptor is the accept loop and what it has met.
type acceptor struct {
	census *census
	log    *log.Logger

	failed int           // accepts failed since the start
	pause  time.Duration // the pause taken last; 0 when accepts work
}

// serve accepts clients until ctx ends (nil) or the listener is unusable. The
// caller closes the listener when ctx ends, which is what ends Accept.
func (a *acceptor) serve(ctx context.Context, listener net.Listener) error {
	for {
		conn, err := listener.Accept()
		switch {
		case err == nil:
			a.recovered()
			a.census.arrive()
			go attend(conn, a.census, a.log)
		case ctx.Err() != nil:
			return nil //nolint:nilerr // the listener was closed because ctx ended
		case isFatal(err):
			return err
		default:
			a.backOff(ctx, err)
		}
	}
}

// attend answers one client with what it sends, until it leaves. Any error means
// that it left; how it left is the client's affair.
func attend(conn net.Conn, census *census, logger *log.Logger) {
	buffer := make([]byte, bufferSize)
	for {
		n, err := conn.Read(buffer)
		if err == nil {
			_, err = conn.Write(buffer[:n])
		}
		if err != nil {
			break
		}
	}
	if err := conn.Close(); err != nil {
		logger.Printf("close: %v", err)
	}
	census.leave()
}

// isFatal tells errors that say that the listener itself is gone from those of
// one connection or of a shortage, which pass.
func isFatal(err error) bool {
	return errors.Is(err, net.ErrClosed) || errors.Is(err, syscall.EBADF) ||
		errors.Is(err, syscall.EINVAL) || errors.Is(err, syscall.ENOTSOCK)
}

// backOff counts a failed accept, says why, and waits a while or until ctx
// ends. A row of failures is told at its start and then once a second.
func (a *acceptor) backOff(ctx context.Context, err error) {
	a.failed++
	first := a.pause == 0
	a.pause = nextPause(a.pause)
	if first || a.pause == longestPause {
		a.log.Printf("accept failed, %d so far: %s; clients wait in the backlog, next try in %v", a.failed, acceptTrouble(err), a.pause)
	}
	select {
	case <-ctx.Done():
	case <-time.After(a.pause):
	}
}

func (a *acceptor) recovered() {
	if a.pause == 0 {
		return
	}
	a.pause = 0
	a.log.Printf("accept works again, after %d failed so far", a.failed)
}

func nextPause(last time.Duration) time.Duration {
	if last == 0 {
		return firstPause
	}
	if next := 2 * last; next < longestPause {
		return next
	}
	return longestPause
}

// acceptTrouble is err for a person who has to mend it.
func acceptTrouble(err error) string {
	switch {
	case errors.Is(err, syscall.EMFILE):
		return "too many open files: raise ulimit -n" + openFilesLimit()
	case errors.Is(err, syscall.ENFILE):
		return "too many open files in the whole system: raise sysctl fs.file-max"
	}
	return err.Error()
}
