package main

import (
	"context"
	"fmt"
	"io"
	"io/fs"
	"os"
	"sync/atomic"
	"time"

	"whyres/cmd/whyres/internal/timeline"
)

// reads follows how much of the files has been read.
type reads struct {
	now   atomic.Pointer[counting]
	files []fs.FileInfo // that were opened
}

// counting is a file being read. size is 0 where it is not known.
type counting struct {
	io.Reader
	name string
	size int64
	read atomic.Int64
}

// open makes in the file that is being read now.
func (r *reads) open(in io.Reader, name string) io.Reader {
	c := &counting{Reader: in, name: name}
	if f, ok := in.(*os.File); ok {
		if info, err := f.Stat(); err == nil && info.Mode().IsRegular() {
			c.size = info.Size()
			r.files = append(r.files, info)
		}
	}
	r.now.Store(c)
	return c
}

func (c *counting) Read(p []byte) (int, error) {
	n, err := c.Reader.Read(p)
	c.read.Add(int64(n))
	return n, err
}

// left is what there is to wait for, in words.
func (c *counting) left() string {
	name, read := timeline.Clean(c.name, 40), c.read.Load()
	if c.size <= 0 {
		return fmt.Sprintf("reading %s: %d MiB so far", name, read>>20)
	}
	return fmt.Sprintf("reading %s: %d of %d MiB left", name, max(c.size-read, 0)>>20, c.size>>20)
}

// sayOver says something in place of the line of progress.
func (s streams) sayOver(format string, args ...any) {
	if isTerminal(s.err) {
		_, _ = fmt.Fprint(s.err, "\r"+eraseLine)
	}
	s.say(format, args...)
}

// redrawEvery is how often the line of progress changes.
const redrawEvery = 500 * time.Millisecond

// watched does what may take its time. On a terminal it then shows what is left, in
// a line that goes when it is done. It returns at once when interrupted.
func watched[T any](ctx context.Context, s streams, r *reads, do func() (T, error)) (T, error) {
	shows, drawn := isTerminal(s.err), false
	defer func() {
		if drawn {
			_, _ = fmt.Fprint(s.err, "\r"+eraseLine)
		}
	}()
	got, err := waiting(ctx, do, func() {
		if c := r.now.Load(); shows && c != nil {
			_, _ = fmt.Fprint(s.err, "\rwhyres: "+c.left()+eraseLine)
			drawn = true
		}
	}, redrawEvery)
	if err != nil {
		err = wasInterrupted(ctx, err)
	}
	return got, err
}
