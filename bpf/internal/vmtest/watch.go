package main

import (
	"context"
	"errors"
	"io"
	"os"
	"sync/atomic"
	"time"
)

// errHang: neither the tests nor the kernel said anything any more.
var errHang = errors.New("hangs")

// watch notices that a machine has gone silent: nothing from the tests, and nothing
// from the kernel.
type watch struct {
	kernelLog string
	quiet     time.Duration // how long silence is allowed
	heard     atomic.Int64  // bytes from the tests
}

// listen counts what is read.
func (w *watch) listen(r io.Reader) io.Reader { return &listener{r, &w.heard} }

type listener struct {
	io.Reader
	heard *atomic.Int64
}

func (l *listener) Read(p []byte) (int, error) {
	n, err := l.Reader.Read(p)
	l.heard.Add(int64(n))
	return n, err
}

// until calls hang once the machine has been silent for too long, or returns when ctx
// ends. It looks each tick.
func (w *watch) until(ctx context.Context, tick time.Duration, hang func()) {
	ticker := time.NewTicker(tick)
	defer ticker.Stop()
	last, since := w.bytes(), time.Now()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		if now := w.bytes(); now != last {
			last, since = now, time.Now()
		} else if time.Since(since) >= w.quiet {
			hang()
			return
		}
	}
}

// bytes is how much was heard so far, on both ports.
func (w *watch) bytes() int64 {
	n := w.heard.Load()
	if info, err := os.Stat(w.kernelLog); err == nil {
		n += info.Size()
	}
	return n
}
