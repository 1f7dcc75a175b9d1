package main

import (
	"context"
	"net/url"
	"time"

	"github.com/spf13/cobra"

	"whyres/collector/explain"
	"whyres/collector/expvar"
)

// leastWatch bounds how often --watch looks: a look reads all page tables.
const leastWatch = 100 * time.Millisecond

// explainOptions are explain's flags.
type explainOptions struct {
	display
	pid    int
	sizes  bool
	watch  time.Duration
	expvar string
	vars   *url.URL // expvar, checked
	cause  string
}

func explainCommand(s streams) *cobra.Command {
	var o explainOptions
	c := &cobra.Command{
		Use:   "explain -p PID",
		Short: "Say where the RES of a running process is, and why it stays",
		Long: `explain looks at a running process once and divides its RES into parts that sum
to it exactly: Go's heap by what is live, free, kept and released, stacks, the
runtime's own, C, mapped files; each with a sentence. What it cannot explain is
a line of its own.

It names the causes that keep RES up, each with its bytes, its proof and what to
do: "proved" where what was seen shows both, "likely" where one link was not
seen, "possible" where only who knows the program can tell. Causes and what is
healthy sum to RES. Some causes only show over time: whyres trace sees them.

The process is neither changed, stopped nor traced: the kernel's numbers come
from /proc, the Go runtime's from the process's memory, read from outside. It
needs no eBPF, and no root for processes of your own where the system lets you
read them. Of a program that is not Go it shows what the kernel knows.

--expvar asks the process itself for its MemStats, over HTTP, which stops its
goroutines for some microseconds: for a process of your own whose memory the
system does not let you read. They stand in place of what is read from outside;
the parts of RES do not come from there.

Sizes are in MiB (1024 KiB of 1024 bytes). The exit code is 0 when done, 1 on
failure, 2 on wrong usage, 3 without the privilege, 4 when the process is gone.`,
		Example: `  sudo whyres explain -p 4242
  sudo whyres explain -p 4242 --watch 2s         again and again, with the changes
  sudo whyres explain -p 4242 --sizes            with the objects by size class
  sudo whyres explain -p 4242 --json | jq '.ledger[] | select(.bytes > 1e6)'
  whyres explain --cause madv-free               what is known of a cause
  whyres explain -p 4242 --expvar http://localhost:8080/debug/vars`,
		Args:              noArguments("explain -p PID"),
		ValidArgsFunction: cobra.NoFileCompletions,
		RunE: func(c *cobra.Command, _ []string) error {
			if err := o.check(c); err != nil {
				return err
			}
			if o.cause != "" {
				return printCause(s, o.display, o.cause)
			}
			return explainProcess(c.Context(), s, o)
		},
	}
	o.flags(c)
	return c
}

// noArguments refuses what is no flag.
func noArguments(want string) cobra.PositionalArgs {
	return func(_ *cobra.Command, args []string) error {
		if len(args) > 0 {
			return usage("%q is one too many: want %s", args[0], want)
		}
		return nil
	}
}

func (o *explainOptions) flags(c *cobra.Command) {
	f := c.Flags()
	f.IntVarP(&o.pid, "pid", "p", 0, "the process to explain")
	f.BoolVar(&o.sizes, "sizes", false, "show the heap's objects by size class too")
	f.DurationVar(&o.watch, "watch", 0, "look again every so often until Ctrl-C, for instance 2s")
	f.StringVar(&o.expvar, "expvar", "", "ask this URL of the process for its MemStats (stops its world for a moment)")
	f.StringVar(&o.cause, "cause", "", "print the page of a cause: how it comes about, proof, remedy; \"list\" names all")
	o.display.flags(c)
	f.Lookup("verbose").Usage = "whole sentences, and the parts that are empty"
	f.Lookup("json").Usage = "one JSON object; with --watch one a line"
	_ = c.RegisterFlagCompletionFunc("pid", completePID)
	_ = c.RegisterFlagCompletionFunc("cause", completeCause)
}

func (o *explainOptions) check(c *cobra.Command) error {
	f := c.Flags()
	switch {
	case f.Changed("cause"):
		if f.Changed("pid") || f.Changed("watch") || f.Changed("sizes") || f.Changed("expvar") || o.cause == "" {
			return usage("--cause wants a cause's name, and no process: it prints what is known of the cause")
		}
		return o.display.check()
	case !f.Changed("pid"):
		return usage("explain wants -p and a process's number")
	case o.pid <= 0:
		return usage("-p %d: want a process's number", o.pid)
	case f.Changed("watch") && o.watch < leastWatch:
		return usage("--watch %v: want %v or more", o.watch, leastWatch)
	}
	if f.Changed("expvar") {
		vars, err := expvar.ParseURL(o.expvar)
		if err != nil {
			return usage("--expvar %q: %v", o.expvar, err)
		}
		o.vars = vars
	}
	return o.display.check()
}

// explainProcess looks once, or until it is interrupted.
func explainProcess(ctx context.Context, s streams, o explainOptions) error {
	l, err := openLooker(o)
	if err != nil {
		return err
	}
	defer func() {
		if ctx.Err() == nil { // else the look may still be under way: what is open ends with whyres
			l.close()
		}
	}()
	show := newShower(s, o)
	for {
		v, err := patiently(ctx, s, func() (*explain.Verdict, error) { return l.look(ctx) })
		if ctx.Err() != nil {
			return interrupted(o.watch > 0)
		}
		if err != nil {
			return err
		}
		if err := show.verdict(v); err != nil || o.watch == 0 {
			return err
		}
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(o.watch):
		}
	}
}
