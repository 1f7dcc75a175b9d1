package pulse

import (
	"context"
	"errors"
	"net"
	"os"
	"time"
)

// answerTimeout bounds the wait for an answer.
const answerTimeout = 10 * time.Second

// question is what is sent, and what a server that answers sends back.
const question = '?'

var (
	errSilent   = errors.New("no answer")
	errMisheard = errors.New("another answer")
)

// open makes one connection. With b.latency it counts as open when the server
// has answered on it, and latency is the time from the start of the dial to then.
func (b burster) open(ctx context.Context, from *net.Dialer) (conn net.Conn, latency time.Duration, err error) {
	start := time.Now()
	conn, err = from.DialContext(ctx, "tcp", b.target)
	if err != nil || !b.latency {
		return conn, 0, err
	}
	if err = ask(ctx, conn); err != nil {
		_ = conn.Close() // it has failed already
		return nil, 0, err
	}
	latency = time.Since(start)
	return conn, latency, nil
}

// ask sends one byte and waits until it comes back, or ctx ends. The connection
// keeps its deadline: nothing is sent or read on it any more.
func ask(ctx context.Context, conn net.Conn) error {
	if err := conn.SetDeadline(time.Now().Add(answerTimeout)); err != nil {
		return err
	}
	stop := context.AfterFunc(ctx, func() { _ = conn.SetDeadline(time.Now()) })
	defer stop()
	answer := [1]byte{question}
	_, err := conn.Write(answer[:])
	if err == nil {
		_, err = conn.Read(answer[:])
	}
	switch {
	case errors.Is(err, os.ErrDeadlineExceeded):
		return errSilent
	case err == nil && answer[0] != question:
		return errMisheard
	}
	return err
}
