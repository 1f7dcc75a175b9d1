package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"
)

// fleet boots the kernels, several at once.
type fleet struct {
	settings
	initramfs string
	images    *images
	log       io.Writer // takes whole lines, from anybody

	mu   sync.Mutex
	done int // kernels
}

// bootAll boots all kernels, jobs of them at a time. A kernel that cannot be had is a
// result too; only being interrupted ends the whole.
func (f *fleet) bootAll(ctx context.Context) ([]*result, error) {
	for _, dir := range []string{"logs", "results"} {
		if err := os.MkdirAll(filepath.Join(f.cache, dir), 0o750); err != nil {
			return nil, err
		}
	}
	all := make([]*result, len(f.lines))
	free := make(chan struct{}, f.jobs)
	var wg sync.WaitGroup
	for i, line := range f.lines {
		all[i] = &result{line: line}
		free <- struct{}{} // in the order asked for
		wg.Go(func() {
			defer func() { <-free }()
			f.bootOne(ctx, all[i])
		})
	}
	wg.Wait()
	return all, ctx.Err()
}

// bootOne fills in the result.
func (f *fleet) bootOne(ctx context.Context, r *result) {
	if ctx.Err() != nil {
		return
	}
	image, err := f.images.image(ctx, r.line)
	if err == nil {
		r.log = filepath.Join(f.cache, "logs", r.line+".log")
		_, _ = fmt.Fprintf(f.log, "booting %s\n", filepath.Base(image))
		err = f.watched(ctx, r, image)
	}
	r.err = err
	f.mu.Lock()
	f.done++
	_, _ = fmt.Fprintf(f.log, "[%d of %d] %s\n", f.done, len(f.lines), r.inShort())
	f.mu.Unlock()
}

// watched runs the machine, keeps all that it prints, and takes out of it what its
// tests left.
func (f *fleet) watched(ctx context.Context, r *result, image string) error {
	log, err := os.Create(r.log)
	if err != nil {
		return err
	}
	d := disks{image: image, initramfs: f.initramfs, kernelLog: kernelLog(r.log), output: filepath.Join(f.cache, "logs", r.line+".tar")}
	results := filepath.Join(f.cache, "results", r.line)
	if err := errors.Join(os.RemoveAll(results), os.RemoveAll(d.output)); err != nil {
		return errors.Join(err, log.Close()) // what an earlier run left would be taken for this one's
	}
	began := time.Now()
	var logErr error
	err = f.machine.boot(ctx, d, func(line string) {
		line = strings.TrimSuffix(line, "\r")
		shown := strings.ReplaceAll(line, mark, "")
		if _, err := fmt.Fprintln(log, shown); err != nil && logErr == nil {
			logErr = err
		}
		if f.verbose {
			_, _ = fmt.Fprintf(f.log, "[%s] %s\n", r.line, printable(shown))
		}
		r.console.line(line)
	})
	r.took = time.Since(began)
	err = errors.Join(err, logErr, log.Close())
	r.output = results
	files, outErr := unpackOutput(d.output, r.output)
	r.files = len(files)
	switch {
	case outErr == nil:
		outErr = os.Remove(d.output)
	case !r.console.done:
		outErr = nil // it was stopped: what came out of it may end anywhere
	}
	return errors.Join(err, outErr)
}

// kernelLog is where the kernel's own messages of a log go.
func kernelLog(log string) string { return strings.TrimSuffix(log, ".log") + ".kernel.log" }

// lineWriter lets several write whole lines to one.
type lineWriter struct {
	mu sync.Mutex
	to io.Writer
}

func (w *lineWriter) Write(p []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.to.Write(p)
}
