package main

import (
	"bytes"
	"context"
	"errors"
	"runtime"
	"time"

	"github.com/spf13/cobra"

	"whyres/cmd/whyres/internal/timeline"
	"whyres/collector/discover"
	"whyres/collector/kernel"
	"whyres/collector/mem"
)

// topOptions are top's flags.
type topOptions struct {
	display
	sort  string
	limit int
	every time.Duration
	once  bool
	// repeat: the table is shown again and again.
	repeat bool
}

func topCommand(s streams) *cobra.Command {
	var o topOptions
	c := &cobra.Command{
		Use:   "top",
		Short: "Show every Go process of the host: its RES, what could go back, and why the rest stays",
		Long: `top shows each Go process of the host: RES, how much of it the last GC found
live, how much is free in Go's heap, how much could go back to the system, and
the largest part of RES in words. Nothing in the processes is stopped or
changed, and nothing is traced.

What could go back without any object being freed is what a call of
debug.FreeOSMemory would give back now, and what goes when memory is short, as
it is offered with MADV_FREE. Go 1.12 to 1.15 release so, newer ones with
GODEBUG=madvdontneed=0: then FreeOSMemory takes nothing out of RES at once, and
what is free counts as offered. Which way a process goes is told by lazily freed
memory in its heap; where there is none, by what it was started with, and by
what its Go version does by itself. Garbage comes on top of that: "garbage ?" is at most how
much of the objects that the last GC did not mark; what has died of the others is not
known before the next.

On a terminal the table is shown anew until Ctrl-C; elsewhere once. Without
root only one's own processes are shown; how many others there are is said.`,
		Example: `  sudo whyres top
  sudo whyres top --sort live --limit 10
  sudo whyres top --once --json | jq '.processes[] | select(.could_go_back_bytes > 100e6) | .pid'`,
		Args: takesNone("top"),
		RunE: func(c *cobra.Command, _ []string) error {
			if err := o.check(); err != nil {
				return err
			}
			o.repeat = !o.once && (c.Flags().Changed("every") || isTerminal(s.out))
			return top(c.Context(), s, o)
		},
	}
	f := c.Flags()
	f.StringVar(&o.sort, "sort", sortBack, "what comes first: back, res, live, pid or name")
	f.IntVar(&o.limit, "limit", 0, "show so many processes at most (0: all that fit)")
	f.DurationVar(&o.every, "every", 2*time.Second, "time between two tables")
	f.BoolVar(&o.once, "once", false, "show one table and end")
	o.plainFlags(c, "one JSON object for each table, sizes in bytes")
	_ = c.RegisterFlagCompletionFunc("sort", cobra.FixedCompletions(
		[]string{sortBack, sortRES, sortLive, sortPID, sortName}, cobra.ShellCompDirectiveNoFileComp))
	return c
}

func (o *topOptions) check() error {
	switch o.sort {
	case sortBack, sortRES, sortLive, sortPID, sortName:
	default:
		return usage("--sort is %q: want back, res, live, pid or name", o.sort)
	}
	switch {
	case o.limit < 0:
		return usage("--limit %d: want a positive number", o.limit)
	case o.every < 100*time.Millisecond:
		return usage("--every %v: want 100ms or more", o.every)
	}
	return o.display.check()
}

// Bounds on what one table may take before large heaps are looked at by their
// counters only.
const (
	onceBudget  = 5 * time.Second
	mostBudget  = time.Second
	mostWorkers = 4
)

// budget is how long full looks may take in all: half of the time between two
// tables, at most a second.
func (o *topOptions) budget() time.Duration {
	if !o.repeat {
		return onceBudget
	}
	return min(o.every/2, mostBudget)
}

func top(ctx context.Context, s streams, o topOptions) (err error) {
	host := discover.New(kernel.Default(), procfs, max(2, min(runtime.NumCPU(), mostWorkers)))
	defer func() {
		if ctx.Err() == nil { // else it may still be looking: what is open ends with whyres
			err = errors.Join(err, host.Close())
		}
	}()
	where, err := kernel.Default().Host()
	if err != nil {
		return err
	}
	table := &topTable{options: o, host: where, screen: newScreen(s.out)}
	for {
		began := time.Now()
		survey, err := patiently(ctx, s, func() (discover.Survey, error) { return host.Look(ctx, o.budget()) })
		if ctx.Err() != nil {
			return interrupted(o.repeat)
		}
		if err != nil {
			return err
		}
		if err := table.show(began, &survey); err != nil || !o.repeat {
			return err
		}
		if !sleepUntil(ctx, began.Add(o.every)) {
			return nil
		}
	}
}

// sleepUntil reports whether the time came before ctx was done.
func sleepUntil(ctx context.Context, when time.Time) bool {
	timer := time.NewTimer(time.Until(when))
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// topTable shows one survey after another.
type topTable struct {
	options topOptions
	host    mem.Host
	screen  *screen
}

func (t *topTable) show(at time.Time, s *discover.Survey) error {
	lines := topLines(s, t.options.sort, t.host)
	if t.options.json {
		return writeTop(t.screen.out, at, s, lines, t.options.limit)
	}
	rows := make([]timeline.TopRow, len(lines))
	for i, l := range lines {
		rows[i] = timeline.TopRow{PID: l.Process.PID, Comm: l.Process.Comm, GoVersion: l.Process.GoVersion, Group: l.Cgroup.Name(), Line: l.Line}
	}
	o := t.options.options(t.screen.out)
	view := timeline.Top{At: at, Rows: rows, Limit: t.options.limit, Notes: topNotes(s, lines)}
	if t.options.repeat {
		view.Height = t.screen.rows()
	}
	var out bytes.Buffer
	if err := timeline.WriteTop(&out, o, &view); err != nil {
		return err
	}
	return t.screen.draw(out.Bytes(), t.options.repeat)
}
