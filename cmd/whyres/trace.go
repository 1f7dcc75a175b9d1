package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/spf13/cobra"

	"whyres/bpf"
	"whyres/cmd/whyres/internal/launch"
	"whyres/collector"
	"whyres/collector/goruntime"
	"whyres/collector/kernel"
	"whyres/collector/mem"
	"whyres/collector/target"
)

const (
	procfs = "/proc"
	// grace is how long a command that whyres started has for ending.
	grace = 5 * time.Second
)

// allocatorHelp: the cost is that of TestCostOfTheAllocatorForTheUnrelated of
// package bpf, five runs on Linux 6.18 amd64.
const allocatorHelp = "also measure what each call gives back to the kernel's allocator: RES falls without that where a huge page " +
	"is released in part, or a forked child has the memory too. Off by default, as every process of the host pays for it with each page " +
	"that it frees: about 5 % of a page's fault and release (1 to 14 % measured)"

// traceOptions are trace's flags.
type traceOptions struct {
	display
	pid        int
	command    []string
	duration   time.Duration
	output     string
	force      bool
	every      time.Duration
	fullEvery  time.Duration
	noChildren bool
	ringMiB    int
	allocator  bool
	attach     string
}

func traceCommand(s streams) *cobra.Command {
	var o traceOptions
	c := &cobra.Command{
		Use:   "trace (-p PID | -- COMMAND ARGS...)",
		Short: "Watch live when a process maps, releases and keeps memory",
		Long: `trace shows, line by line, when the process maps memory, gives it back and
takes it again, who in it did so and what it brought, with the kernel's RES
and the Go runtime's own numbers beside it; and at the end where RES is.

It ends on Ctrl-C, when --for is over, or when the process ends. A running
process (-p) is neither changed nor stopped. A command is started as the user
who called sudo, traced from its first mmap, and asked to end (SIGTERM) when
the trace ends; its output goes to standard error. A full disk ends the
recording of -o, is said at once, and leaves the trace alone.

Sizes are in MiB (1024 KiB of 1024 bytes). asked is what a call covers; left RES
is what that brought.`,
		Example: `  sudo whyres trace -p 4242
  sudo whyres trace -p 4242 --for 5m -o night.whyres
  sudo whyres trace -- ./server -addr :8080
  sudo whyres trace -p 4242 --json | jq 'select(.type=="event" and .errno!="")'`,
		RunE: func(c *cobra.Command, args []string) error {
			o.command = args
			if err := o.check(c); err != nil {
				return err
			}
			return trace(c.Context(), s, o)
		},
	}
	o.flags(c)
	return c
}

func (o *traceOptions) flags(c *cobra.Command) {
	f := c.Flags()
	f.IntVarP(&o.pid, "pid", "p", 0, "the process to trace")
	f.DurationVar(&o.duration, "for", 0, "end after this time, for instance 30s or 10m (0: never)")
	f.StringVarP(&o.output, "output", "o", "", "record to this file, for whyres replay (.zst: compressed)")
	f.BoolVar(&o.force, "force", false, "overwrite the file of -o")
	f.DurationVar(&o.every, "every", 100*time.Millisecond, "time between samples of RES and the runtime's numbers")
	f.DurationVar(&o.fullEvery, "full-every", 10*time.Second, "time between samples of all mappings and heap pages")
	f.BoolVar(&o.noChildren, "no-children", false, "do not trace the processes that it starts")
	f.IntVar(&o.ringMiB, "buffer", 8, "MiB of kernel memory for events that wait to be read, a power of two")
	f.BoolVar(&o.allocator, "allocator", false, allocatorHelp)
	f.StringVar(&o.attach, "attach", string(bpf.AttachAuto), "how calls are seen: auto, fentry or raw_tracepoint")
	o.display.flags(c)
	_ = c.RegisterFlagCompletionFunc("attach", cobra.FixedCompletions(
		[]string{string(bpf.AttachAuto), string(bpf.AttachFunctions), string(bpf.AttachRaw)}, cobra.ShellCompDirectiveNoFileComp))
}

func (o *traceOptions) check(c *cobra.Command) error {
	byPID := c.Flags().Changed("pid")
	switch {
	case byPID == (len(o.command) > 0):
		return usage("trace wants either -p PID or -- and a command")
	case byPID && o.pid <= 0:
		return usage("-p %d: want a process's number", o.pid)
	case !byPID && c.ArgsLenAtDash() != 0:
		return usage("put -- before the command: whyres trace -- %s", o.command[0])
	case o.duration < 0:
		return usage("--for %v: want a positive time", o.duration)
	case o.every < time.Millisecond || o.fullEvery < o.every:
		return usage("--every wants 1ms or more, --full-every no less than --every")
	case o.ringMiB < 1 || o.ringMiB > 1024 || o.ringMiB&(o.ringMiB-1) != 0:
		return usage("--buffer %d: want a power of two from 1 to 1024", o.ringMiB)
	case o.attach != string(bpf.AttachAuto) && o.attach != string(bpf.AttachFunctions) && o.attach != string(bpf.AttachRaw):
		return usage("--attach is %q: want auto, fentry or raw_tracepoint", o.attach)
	}
	return o.display.check()
}

// tracing is a trace being set up and taken down: what is open, to be closed
// in reverse order whatever happens.
type tracing struct {
	options traceOptions
	streams streams
	tracer  *bpf.Tracer
	view    *target.View
	names   *target.Names
	child   *launch.Child
	story   *story
	began   time.Time   // when the process began to be followed, on the wall's
	mono    mem.Instant // and on the kernel's clock
	closers []func() error
}

func trace(ctx context.Context, s streams, o traceOptions) (err error) {
	t := &tracing{options: o, streams: s}
	defer func() { err = errors.Join(err, t.close()) }()
	if err := t.open(); err != nil {
		return err
	}
	header, err := t.header()
	if err != nil {
		return err
	}
	failed := t.run(ctx, header)
	return errors.Join(failed, t.story.end(), t.endChild())
}

// run follows the process until ctx or the process ends.
func (t *tracing) run(ctx context.Context, header mem.Header) error {
	return collector.Run(ctx, collector.Config{
		Header: header, Source: t.tracer, Looker: t.view, Namer: t.names,
		Sinks: t.story.sinks, Now: kernel.Now,
		For: t.options.duration, Every: t.options.every, FullEvery: t.options.fullEvery,
	})
}

// open does what may fail first, so that nothing is started or written in vain.
func (t *tracing) open() error {
	o := t.options
	if err := hostNamespace(); err != nil {
		return err
	}
	if o.pid != 0 {
		if err := exists(o.pid); err != nil {
			return err
		}
	}
	if err := t.openTracer(); err != nil {
		return err
	}
	if err := t.openStory(); err != nil {
		return err
	}
	return t.begin()
}

func (t *tracing) openTracer() error {
	o := t.options
	tracer, err := bpf.Open(bpf.Options{Attach: bpf.Attach(o.attach), RingBytes: o.ringMiB << 20, Children: !o.noChildren, Allocator: o.allocator})
	if err != nil {
		return err
	}
	t.tracer = tracer
	t.closers = append(t.closers, tracer.Close)
	t.names = target.NewNames(procfs)
	t.closers = append(t.closers, func() error { t.names.Close(); return nil })
	return nil
}

func (t *tracing) openStory() error {
	var recording io.WriteCloser
	if t.options.output != "" {
		f, err := createRecording(t.options.output, t.options.force)
		if err != nil {
			return err
		}
		recording = f
	}
	st, err := newStory(t.streams, t.options.display, recording, live)
	t.story = st
	return err
}

// begin starts following the process, which is stopped at its exec if it is a
// command of ours.
func (t *tracing) begin() error {
	if t.options.pid != 0 {
		return t.follow(t.options.pid)
	}
	who, err := launch.Invoking(os.Geteuid(), os.Getenv)
	if err != nil {
		return err
	}
	return t.start(launch.Command{Argv: t.options.command, Who: who, Out: os.Stderr, Err: os.Stderr})
}

func (t *tracing) start(c launch.Command) (err error) {
	t.child, err = launch.Start(c, t.follow)
	return err
}

func (t *tracing) follow(pid int) error {
	t.began, t.mono = time.Now(), kernel.Now()
	if err := t.tracer.Follow(pid); err != nil {
		return err
	}
	t.names.Know(pid)
	view, err := target.Open(kernel.Default(), procfs, pid, func(pid int, at goruntime.CounterAddrs) error {
		return t.tracer.ReadRuntime(pid, at.HeapInUse, at.HeapReleased, at.HeapFree)
	})
	if err != nil {
		return err
	}
	t.view = view
	t.closers = append(t.closers, view.Close)
	return nil
}

func (t *tracing) header() (mem.Header, error) {
	host, err := kernel.Default().Host()
	if err != nil {
		return mem.Header{}, err
	}
	return mem.Header{
		Schema: mem.Schema, Tool: version(),
		Time: t.began, Mono: t.mono,
		Host: host, Process: t.view.Describe(),
		FromStart: t.child != nil, Children: !t.options.noChildren,
		Attach:  string(t.tracer.Way()),
		Missing: append(t.view.Missing(), t.tracer.Missing()...),
	}, nil
}

func (t *tracing) endChild() error {
	if t.child == nil {
		return nil
	}
	return t.child.End(grace)
}

// close undoes open. A trace that failed before it began leaves no file.
func (t *tracing) close() error {
	failed := []error{t.endChild()}
	for i := len(t.closers) - 1; i >= 0; i-- {
		failed = append(failed, t.closers[i]())
	}
	if t.story != nil {
		failed = append(failed, t.story.close())
	}
	return errors.Join(failed...)
}

func exists(pid int) error {
	p, err := kernel.Default().Open(pid, kernel.Options{})
	switch {
	case errors.Is(err, kernel.ErrGone):
		return fmt.Errorf("%w: there is no process %d", collector.ErrGone, pid)
	case err != nil:
		return err
	}
	_, err = p.Light() // a kernel thread, a zombie
	if errors.Is(err, kernel.ErrGone) {
		err = fmt.Errorf("%w: process %d has ended and waits for its parent", collector.ErrGone, pid)
	}
	return errors.Join(err, p.Close())
}
