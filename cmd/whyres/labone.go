package main

import (
	"context"
	"errors"
	"sync"
	"time"

	"whyres/cmd/whyres/internal/lab"
	"whyres/collector/mem"
)

// labRun is one run under way: one or two servers, each with its load.
type labRun struct {
	work    *labWork
	step    lab.Step
	servers []*labServer
	began   time.Time // when it had its turn; zero before
}

// do makes the run. Whatever happens, nothing of it goes on.
func (r *labRun) do(ctx context.Context, words []string) (err error) {
	ctx, fail := context.WithCancelCause(ctx)
	defer fail(nil)
	defer func() { err = errors.Join(err, r.end()) }()
	// A target that waits for its turn would have an area under RES of its own.
	release, ok := r.work.turnToBurst(ctx, r.step)
	defer release()
	if !ok {
		return context.Cause(ctx)
	}
	r.began = time.Now()
	r.servers[0].burstDone = release
	for i := range r.servers {
		if err := r.servers[i].start(ctx, words); err != nil {
			return err
		}
	}
	over, done := context.WithCancel(ctx)
	defer done()
	var all sync.WaitGroup
	for _, s := range r.servers {
		all.Go(func() {
			if err := s.serve(over, done); err != nil {
				fail(err)
			}
		})
		all.Go(func() {
			select {
			case <-s.traced.ended:
				fail(s.traced.whyEnded(s.when()))
			case <-over.Done():
			}
		})
	}
	all.Wait()
	if err := context.Cause(ctx); err != nil {
		return err
	}
	r.look()
	return nil
}

// look ends what is measured, with all still running: how long the loads take to end
// is no part of it.
func (r *labRun) look() {
	var all sync.WaitGroup
	for _, s := range r.servers {
		all.Go(s.look)
	}
	all.Wait()
}

// endsBefore reports whether the run ends, when the last server has settled, before an
// order given now would be seen. As long as that one has had no burst, it does not.
func (r *labRun) endsBefore(now mem.Instant) bool {
	last := r.servers[len(r.servers)-1]
	select {
	case <-last.over:
		return !lab.Seen(int64(now-last.burst), r.work.results.Settle)
	default:
		return false
	}
}

// end ends all that runs, loads first.
func (r *labRun) end() error {
	failed := make([]error, len(r.servers))
	var all sync.WaitGroup
	for i, s := range r.servers {
		all.Go(func() { failed[i] = s.end() })
	}
	all.Wait()
	return errors.Join(failed...)
}
