package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"time"

	proc "github.com/prometheus/procfs"

	"whyres/bpf"
	"whyres/cmd/whyres/internal/lab"
	"whyres/cmd/whyres/internal/launch"
	"whyres/cmd/whyres/internal/load"
	"whyres/collector/kernel"
	"whyres/collector/mem"
)

// listenWithin is how long a target has until it accepts connections.
const listenWithin = 30 * time.Second

// labTraced is a target that is being traced, from its first mmap on.
type labTraced struct {
	trace    *tracing
	meter    *lab.Meter
	readings lab.Readings
	addr     string
	pid      int
	says     *load.Lines   // what it writes
	heard    chan struct{} // all that it writes has been read

	stop   context.CancelFunc // ends the trace
	ended  chan struct{}      // the trace is over
	failed error              // how it went, once it is
}

// labSink is the meter as a sink.
type labSink struct{ *lab.Meter }

func (s labSink) Frame(f mem.Frame) error { s.Observe(f); return nil }
func (labSink) Flush() error              { return nil }

// labTraceOptions are those of trace.
func labTraceOptions(command []string) traceOptions {
	return traceOptions{
		command: command, every: 100 * time.Millisecond, fullEvery: 10 * time.Second, ringMiB: 8, attach: string(bpf.AttachAuto),
	}
}

// labTarget is a target to be started.
type labTarget struct {
	words  []string // with places
	env    []string
	who    *launch.User
	record io.WriteCloser
	sum    bool // readings are wanted
}

// startTraced starts a target at an address of its own and begins to trace it.
func startTraced(s streams, c labTarget) (_ *labTraced, err error) {
	t := &labTraced{meter: lab.NewMeter(), says: load.NewLines(nil), heard: make(chan struct{}), ended: make(chan struct{})}
	if t.addr, err = freeAddr(); err != nil {
		return nil, errors.Join(err, c.record.Close())
	}
	t.trace = &tracing{options: labTraceOptions(place{addr: t.addr}.fillAll(c.words)), streams: s, story: &story{say: s.say}}
	defer func() {
		if err != nil {
			err = errors.Join(err, t.trace.close())
		}
	}()
	if err := t.trace.story.record(c.record); err != nil {
		return nil, err
	}
	t.trace.story.sinks = append(t.trace.story.sinks, labSink{t.meter})
	if c.sum {
		t.meter.Each(t.readings.Read)
	}
	if err := t.trace.openTracer(); err != nil {
		return nil, err
	}
	if err := t.launch(c); err != nil {
		return nil, err
	}
	header, err := t.trace.header()
	if err != nil {
		return nil, err
	}
	ctx, stop := context.WithCancel(context.Background())
	t.stop = stop
	go func() {
		defer close(t.ended)
		t.failed = t.trace.run(ctx, header)
	}()
	return t, nil
}

// launch starts the process, with nothing on its standard input.
func (t *labTraced) launch(c labTarget) error {
	in, err := os.Open(os.DevNull)
	if err != nil {
		return err
	}
	defer func() { _ = in.Close() }() // the child has its own
	read, write, err := os.Pipe()
	if err != nil {
		return err
	}
	defer func() { _ = write.Close() }()
	go func() { // ends when the pipe is closed, on one side or the other
		defer close(t.heard)
		_, _ = io.Copy(t.says, read)
	}()
	t.trace.closers = append(t.trace.closers, read.Close)
	err = t.trace.start(launch.Command{
		Argv: t.trace.options.command, Env: c.env, Who: c.who, In: in, Out: write, Err: write, Whole: true,
	})
	if err == nil {
		t.pid = t.trace.child.PID()
	}
	return err
}

// freeAddr is an address on this host that nobody listens at.
func freeAddr() (string, error) {
	l, err := net.Listen("tcp4", "127.0.0.1:0") //nolint:noctx // it does not wait
	if err != nil {
		return "", fmt.Errorf("find a free port: %w", err)
	}
	return l.Addr().String(), l.Close()
}

// listening waits until the target accepts connections.
func (t *labTraced) listening(ctx context.Context) error {
	ctx, cancel := context.WithTimeoutCause(ctx, listenWithin, fmt.Errorf("the target did not listen at %s within %v", t.addr, listenWithin))
	defer cancel()
	dialer := net.Dialer{KeepAlive: -1}
	for {
		conn, err := dialer.DialContext(ctx, "tcp4", t.addr)
		if err == nil {
			return conn.Close()
		}
		select {
		case <-time.After(20 * time.Millisecond):
		case <-t.ended:
			return t.whyEnded("before it listened")
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

// whyEnded says how the target has ended by itself.
func (t *labTraced) whyEnded(when string) error {
	for _, c := range []<-chan struct{}{t.trace.child.Ended(), t.heard} {
		select {
		case <-c:
		case <-time.After(time.Second):
		}
	}
	if t.failed != nil {
		return fmt.Errorf("the trace broke off %s: %w", when, t.failed)
	}
	state := t.trace.child.State()
	if state == nil {
		return fmt.Errorf("the trace of the target ended %s", when)
	}
	// Of one that was killed the last line tells nothing.
	if last := t.says.Last(); last != "" && state.Exited() {
		return fmt.Errorf("the target ended %s (%v): %s", when, state, last)
	}
	return fmt.Errorf("the target ended %s (%v)", when, state)
}

// gone reports whether the target has ended by itself, waiting a moment for what
// is on its way.
func (t *labTraced) gone(moment time.Duration) bool {
	select {
	case <-t.ended:
		return true
	case <-time.After(moment):
		return false
	}
}

// look takes the last sample, and ends the trace. The target goes on.
func (t *labTraced) look() {
	t.stop()
	<-t.ended
}

// end ends trace and target. A target that would not end is no failure of the run:
// late says so.
func (t *labTraced) end() (late, err error) {
	t.look()
	late = t.trace.endChild()
	return late, errors.Join(t.failed, t.trace.close(), t.trace.story.broken)
}

// labStat is what /proc/PID/stat counts.
type labStat struct {
	cpu    time.Duration
	faults uint64
}

func (t *labTraced) stat() (labStat, error) {
	p, err := proc.NewProc(t.pid)
	if err != nil {
		return labStat{}, err
	}
	s, err := p.Stat()
	if err != nil {
		return labStat{}, err
	}
	return labStat{cpu: time.Duration(s.CPUTime() * float64(time.Second)), faults: uint64(s.MinFlt) + uint64(s.MajFlt)}, nil
}

// sinceWall is a moment of the wall's clock on the kernel's, which lies between
// two instants of it whatever somebody has done to the wall's.
func sinceWall(at time.Time, from, to mem.Instant) mem.Instant {
	return min(max(kernel.Now().Add(-time.Since(at)), from), to)
}
