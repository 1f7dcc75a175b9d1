package main

import (
	"context"
	"errors"
	"io"
	"os"
	"sync/atomic"
	"time"

	"whyres/bpf/internal/vmtest/protocol"
)

// errHang: neither the tests nor the kernel said anything any more.
var errHang = errors.New("hangs")

// errFlood: more came out of a machine than anybody reads.
var errFlood = errors.New("printed too much")

// maxHeard bounds what a machine may print and leave, all in all: a run of all tests
// has some 100 KiB, and what the tests leave is bounded apart.
const maxHeard = protocol.MaxOutput + 64<<20

// watch notices that a machine has gone silent, nothing from the tests, nothing from
// the kernel and no file coming out of it, or that it says too much.
type watch struct {
	files []string      // that the machine writes
	quiet time.Duration // how long silence is allowed
	heard atomic.Int64  // bytes from the tests
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

// until calls stop once the machine has been silent for too long, or has said too
// much, or returns when ctx ends. It looks each tick.
func (w *watch) until(ctx context.Context, tick time.Duration, stop func(error)) {
	ticker := time.NewTicker(tick)
	defer ticker.Stop()
	last, since := w.bytes(), time.Now()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		switch now := w.bytes(); {
		case now > maxHeard:
			stop(errFlood)
			return
		case now != last:
			last, since = now, time.Now()
		case time.Since(since) >= w.quiet:
			stop(errHang)
			return
		}
	}
}

// bytes is how much was heard so far, on all ports.
func (w *watch) bytes() int64 {
	n := w.heard.Load()
	for _, file := range w.files {
		if info, err := os.Stat(file); err == nil {
			n += info.Size()
		}
	}
	return n
}
