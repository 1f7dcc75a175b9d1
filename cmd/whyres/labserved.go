package main

import (
	"context"
	"errors"
	"fmt"
	"syscall"
	"time"

	"whyres/cmd/whyres/internal/lab"
	"whyres/cmd/whyres/internal/load"
	"whyres/collector/kernel"
	"whyres/collector/mem"
)

// orderWithin bounds a command of --gc or --free.
const orderWithin = 10 * time.Second

// labServer is a server of a run. What is written by its goroutine is read when
// that has ended.
type labServer struct {
	run    *labRun
	nth    int // from 1
	traced *labTraced
	load   *load.Load
	file   string // the recording's
	over   chan struct{}
	notes  []string
	cut    bool // the load did not end by itself
	// burstDone lets the next run have its burst.
	burstDone func()

	wall   time.Time   // when the burst had ended
	burst  mem.Instant // the same
	before labStat     // then
	after  labStat     // at the end
	seen   time.Time   // the end: when it was looked at last
	statOK bool
}

func (s *labServer) start(ctx context.Context, words []string) error {
	w := s.run.work
	w.tell(s.run.step, "starting", time.Time{})
	s.over = make(chan struct{})
	s.file = recordingName(s.run.step.Setting.ID, s.run.step.Run, s.nth, len(s.run.servers))
	if err := w.folder.remove(s.file); err != nil { // an interrupted run's
		return err
	}
	file, err := w.folder.create(s.file)
	if err != nil {
		return err
	}
	s.traced, err = startTraced(w.streams, labTarget{
		words: words, env: s.run.step.Setting.Env, who: w.folder.who, record: file, sum: len(s.run.servers) > 1,
	})
	if err != nil {
		return errors.Join(err, w.folder.remove(s.file)) // which holds nothing
	}
	if err := s.traced.listening(ctx); err != nil {
		return err
	}
	return s.traced.listensItself()
}

// serve makes the burst and gives the orders, until the last server's time to
// settle is over, when it calls done. The first server's burst comes at once, the
// next one's when that has settled for half its time.
func (s *labServer) serve(ctx context.Context, done context.CancelFunc) error {
	settle := time.Duration(s.run.work.results.Settle)
	if s.nth > 1 {
		before := s.run.servers[s.nth-2]
		select {
		case <-before.over:
		case <-ctx.Done():
			return nil
		}
		if !sleepAfter(ctx, before.burst, settle/2) {
			return nil
		}
		release, ok := s.run.work.turnToBurst(ctx, s.run.step)
		if !ok {
			return nil
		}
		s.burstDone = release
	}
	if err := s.makeBurst(ctx); err != nil || ctx.Err() != nil {
		return err
	}
	if s.nth == len(s.run.servers) {
		s.run.work.tell(s.run.step, "waiting %s for the scavenger", time.Now().Add(settle))
		timer := time.AfterFunc(settle-kernel.Now().Sub(s.burst), done)
		defer timer.Stop()
	}
	return s.orders(ctx, settle)
}

// makeBurst has the load make its burst.
func (s *labServer) makeBurst(ctx context.Context) (err error) {
	defer s.burstDone()
	w := s.run.work
	w.tell(s.run.step, "the burst", time.Time{})
	began := kernel.Now()
	if s.load, err = load.Start(w.loadWords(s.traced), w.folder.who); err != nil {
		return err
	}
	if err := s.awaitBurst(ctx); err != nil || ctx.Err() != nil {
		return err
	}
	s.wall, s.burst = time.Now(), kernel.Now()
	if end, told := s.load.BurstEnd(); told {
		s.wall, s.burst = end, sinceWall(end, began, s.burst)
	}
	s.before, err = s.traced.stat()
	s.statOK = err == nil
	close(s.over)
	return load.Served(s.load.Pulses())
}

func (s *labServer) awaitBurst(ctx context.Context) error {
	most := time.Duration(s.run.work.results.How.LoadLimit)
	limit := time.NewTimer(most)
	defer limit.Stop()
	select {
	case <-s.load.Over():
	case <-s.load.Ended():
		if err := s.load.Err(); err != nil {
			if s.traced.gone(grace / 10) {
				return s.traced.whyEnded(s.when())
			}
			return fmt.Errorf("the load failed: %w", err)
		}
	case <-limit.C:
		s.load.End(grace)
		s.cut = true
		s.notes = append(s.notes, fmt.Sprintf("the load did not end by itself and was ended after %v (--load-limit)", most))
	case <-ctx.Done():
	}
	return nil
}

const afterBurst = "after the burst"

// when is where in the run it is.
func (s *labServer) when() string {
	select {
	case <-s.over:
		return afterBurst
	default:
		return "before the burst was over"
	}
}

// orders gives the target its orders when they are due.
func (s *labServer) orders(ctx context.Context, settle time.Duration) error {
	for due := range schedule(s.run.step.Setting.Orders, s.run.work.results.Quick, settle) {
		if !sleepAfter(ctx, s.burst, due.after) {
			return nil
		}
		if s.run.endsBefore(kernel.Now()) {
			break
		}
		if err := s.order(ctx, due.what); err != nil {
			if s.traced.gone(grace / 10) {
				return s.traced.whyEnded(afterBurst)
			}
			return err
		}
	}
	<-ctx.Done()
	return nil
}

func (s *labServer) order(ctx context.Context, what lab.What) error {
	how := s.run.work.results.How
	line, signal, flag := how.GC, syscall.SIGUSR1, "--gc"
	if what == lab.OrderFree {
		line, signal, flag = how.Free, syscall.SIGUSR2, "--free"
	}
	if line == "" {
		return s.traced.trace.child.Signal(signal)
	}
	line = place{s.traced.addr, s.traced.pid}.fill(line)
	if err := load.Run(ctx, load.Shell(line), s.run.work.folder.who, orderWithin); err != nil && ctx.Err() == nil {
		return fmt.Errorf("%s failed: %w", flag, err)
	}
	return nil
}

// look looks a last time.
func (s *labServer) look() {
	s.seen = time.Now()
	if s.statOK {
		after, err := s.traced.stat()
		s.after, s.statOK = after, err == nil
	}
	s.traced.look()
}

// end ends all.
func (s *labServer) end() error {
	if s.load != nil {
		s.endLoad()
	}
	if s.traced == nil {
		return nil
	}
	late, err := s.traced.end()
	if late != nil {
		s.notes = append(s.notes, oneLine(late))
	}
	return err
}

// endLoad also tells of one that had failed before: what was to be seen of it after
// the burst is missing.
func (s *labServer) endLoad() {
	select {
	case <-s.load.Ended():
		if err := s.load.Err(); err != nil && !s.cut && s.when() == afterBurst {
			s.notes = append(s.notes, "the load failed before the end of the run: "+oneLine(err))
		}
	default:
		s.load.End(grace)
	}
}

// sleepAfter waits until so long after an instant; false where ctx ended before.
func sleepAfter(ctx context.Context, from mem.Instant, after time.Duration) bool {
	timer := time.NewTimer(after - kernel.Now().Sub(from))
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}
