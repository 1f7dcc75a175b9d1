package collector

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"whyres/collector/mem"
	"whyres/collector/space"
)

// Config is what Run works with. All but For must be set.
type Config struct {
	Header mem.Header
	Source EventSource
	Looker Looker
	Namer  Namer
	Sinks  []Sink
	// Now reads CLOCK_MONOTONIC.
	Now func() mem.Instant
	// For ends the trace after that time; 0 means never.
	For time.Duration
	// Every is the time between light samples. FullEvery is the most time
	// between full ones: they begin closer together, since many a process is
	// short-lived and the last one before its end is what its verdict stands on.
	Every, FullEvery time.Duration
}

// Why a trace ended; Why of its last mark.
const (
	EndInterrupt = "interrupt"
	EndTime      = "time is up"
	EndExit      = "target exited"
	EndFailure   = "failure"
)

const flushEvery = 250 * time.Millisecond

// Run traces until ctx is done, the time is up or the process has ended, and
// returns when all its goroutines have. Before it returns, events are no more
// written, those that were have been delivered, a last look was taken if there
// was still something to look at, and the sinks were flushed. The error is of
// a sink or of the source; the stream is whole up to it.
func Run(ctx context.Context, c Config) error {
	r := newRun(c)
	defer r.wait.Wait()
	defer close(r.requests)
	if err := r.open(); err != nil {
		return errors.Join(err, c.Source.Detach())
	}
	why, err := r.loop(ctx)
	return errors.Join(err, r.finish(why))
}

// run is a trace under way. Only Run's goroutine touches it.
type run struct {
	Config
	wait     sync.WaitGroup
	stop     chan struct{}
	batches  chan batch
	requests chan request
	looks    chan look

	window   window
	upto     mem.Instant // nothing earlier comes from the reader any more
	looked   mem.Instant // nor a mark from the looks: when the last one began
	ripe     mem.Instant // up to here all was delivered
	released *space.Released
	asked    bool // a look is under way
	renew    bool
	gone     bool
	full     pace
	lost     uint64
}

func newRun(c Config) *run {
	return &run{
		Config:   c,
		stop:     make(chan struct{}),
		batches:  make(chan batch, 2),
		requests: make(chan request),
		looks:    make(chan look, 1),
		released: space.NewReleased(c.Header.Host.PageSize, 0),
		full:     pace{least: 2 * c.Every, most: c.FullEvery},
	}
}

// open starts the goroutines and delivers the header and a first full sample.
func (r *run) open() error {
	r.wait.Go(sampler{looker: r.Looker, requests: r.requests, out: r.looks}.run)
	if err := r.deliver(mem.Frame{At: r.Header.Mono, Header: &r.Header}); err != nil {
		return err
	}
	r.ask(true)
	if err := r.took(<-r.looks); err != nil {
		return err
	}
	r.wait.Go((&reader{source: r.Source, now: r.Now, stop: r.stop, out: r.batches}).run)
	return nil
}

func (r *run) loop(ctx context.Context) (why string, err error) {
	samples, flushes := time.NewTicker(r.Every), time.NewTicker(flushEvery)
	defer samples.Stop()
	defer flushes.Stop()
	var timeUp <-chan time.Time
	if r.For > 0 {
		timeUp = time.After(r.For)
	}
	for !r.gone && err == nil {
		select {
		case <-ctx.Done():
			return EndInterrupt, nil
		case <-timeUp:
			return EndTime, nil
		case b := <-r.batches:
			err = errors.Join(b.err, r.read(b))
		case l := <-r.looks:
			err = errors.Join(r.took(l), r.releaseRipe())
		case <-samples.C:
			r.ask(r.full.due(r.Now()))
		case <-flushes.C:
			err = errors.Join(r.countLost(false), r.flush())
		}
	}
	if err != nil {
		return EndFailure, err
	}
	return EndExit, nil
}

// finish ends in the order in which nothing is missed: look a last time, while
// calls are still seen; detach, read to the end, deliver, flush. Looking last
// would show memory that left by calls which nobody saw.
func (r *run) finish(why string) error {
	failed := r.lookLast()
	failed = append(failed, r.Source.Detach())
	close(r.stop)
	for b := range r.batches {
		r.window.add(b.frames...)
		failed = append(failed, b.err)
	}
	failed = append(failed, r.release(r.Now()), r.countLost(true))
	end := mem.Mark{At: r.Now(), Kind: mem.MarkEnd, PID: r.Header.Process.PID, Why: why}
	failed = append(failed, r.deliver(mem.Frame{At: end.At, Mark: &end}), r.flush())
	return errors.Join(failed...)
}

func (r *run) lookLast() (failed []error) {
	for r.asked || !r.gone {
		last := !r.asked
		r.ask(true) // does nothing while one is under way
		l := <-r.looks
		l.sample.Last = last
		failed = append(failed, r.took(l))
		if last {
			break
		}
	}
	return failed
}

// ask requests a look unless one is under way: a slow look is not queued.
func (r *run) ask(full bool) {
	if r.asked {
		return
	}
	order := Order{Full: full}
	if full {
		order.Released = slices.Collect(r.released.Ranges())
	}
	r.requests <- request{order: order, renew: r.renew}
	r.asked, r.renew = true, false
}

// took puts a look's findings in line. They are not delivered yet: events that
// happened before may still come.
func (r *run) took(l look) error {
	r.asked = false
	if errors.Is(l.err, ErrGone) {
		r.gone = true
		return nil
	}
	if l.err != nil {
		return fmt.Errorf("look at pid %d: %w", r.Header.Process.PID, l.err)
	}
	r.full.saw(&l.sample)
	r.looked = l.sample.At
	for i := range l.marks {
		r.window.add(mem.Frame{At: l.marks[i].At, Mark: &l.marks[i]})
	}
	r.window.add(mem.Frame{At: l.sample.At, Sample: &l.sample})
	return nil
}

// maxWaiting bounds the frames that wait for a slow look: beyond it they are
// delivered, and the GCs that the look finds come late.
const maxWaiting = 1 << 17

func (r *run) read(b batch) error {
	r.window.add(b.frames...)
	r.upto = b.upto
	return r.releaseRipe()
}

// releaseRipe delivers what nothing earlier can come before: not from the
// reader, and not from a look, which finds GCs that ended since the one before.
func (r *run) releaseRipe() error {
	ripe := min(r.upto, r.looked)
	if len(r.window.waiting) > maxWaiting {
		ripe = r.upto
	}
	if ripe == r.ripe {
		return nil // batches come far more often than looks: do not sort for nothing
	}
	r.ripe = ripe
	return r.release(ripe)
}

// release delivers what happened up to the instant.
func (r *run) release(upto mem.Instant) error {
	for _, f := range r.window.take(upto) {
		r.join(f)
		if err := r.deliver(f); err != nil {
			return err
		}
	}
	return nil
}

// join adds to a frame what the other sources know.
func (r *run) join(f mem.Frame) {
	switch {
	case f.Event != nil:
		r.Namer.Name(f.Event)
		if f.Event.PID == r.Header.Process.PID {
			r.released.Apply(f.Event)
		}
	case f.Sample != nil:
		r.Namer.Sample(f.Sample)
	case f.Mark != nil:
		r.Namer.Mark(f.Mark)
		r.marked(f.Mark)
	}
}

func (r *run) marked(m *mem.Mark) {
	if m.PID != r.Header.Process.PID {
		return
	}
	switch m.Kind {
	case mem.MarkExec:
		r.released.Reset()
		r.renew = true
	case mem.MarkExit:
		r.gone = true
	}
}

// countLost delivers the count of lost events when it grew, and at the end.
func (r *run) countLost(always bool) error {
	lost, err := r.Source.Lost()
	if err != nil {
		return err
	}
	if lost.Total == r.lost && !always {
		return nil
	}
	lost.At, lost.New = r.Now(), lost.Total-r.lost
	r.lost = lost.Total
	return r.deliver(mem.Frame{At: lost.At, Lost: &lost})
}

func (r *run) deliver(f mem.Frame) error {
	return r.eachSink(func(s Sink) error { return s.Frame(f) })
}

func (r *run) flush() error { return r.eachSink(Sink.Flush) }

// eachSink drops a sink that fails, so that a full disk is reported once and the
// others still come to their end.
func (r *run) eachSink(do func(Sink) error) error {
	var failed []error
	r.Sinks = slices.DeleteFunc(slices.Clone(r.Sinks), func(s Sink) bool {
		err := do(s)
		failed = append(failed, err)
		return err != nil
	})
	return errors.Join(failed...)
}
