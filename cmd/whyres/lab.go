package main

import (
	"strings"
	"time"
	"unicode/utf8"

	"github.com/spf13/cobra"

	"whyres/cmd/whyres/internal/lab"
)

// labOptions are lab's flags.
type labOptions struct {
	display
	markdown      bool
	quick         bool
	runs          int
	servers       int
	atOnce        int
	goal          string
	goalAsked     bool
	only          []string
	toolchains    []string
	thp           []string
	allowSettings bool
	limits        []string
	target        string
	load          string
	gc            string
	free          string
	settle        time.Duration
	loadLimit     time.Duration
	output        string
	resume        string
	retry         bool
	show          string
}

func labCommand(s streams) *cobra.Command {
	var o labOptions
	c := &cobra.Command{
		Use:   "lab",
		Short: "Measure which setting gives memory back best, and what that costs",
		Long:  labHelp(),
		Example: `  sudo whyres lab --quick
  sudo whyres lab --runs 3 -o night --goal latency
  sudo whyres lab --quick --settings default,gogc-50,free-once
  sudo whyres lab --quick --go 1.16,1.21,1.27
  sudo whyres lab --target './myserver -listen {addr}' --load './myload http://{addr}' --free 'curl -s {addr}/free'
  sudo whyres lab --resume night
  whyres lab --show night --goal cpu`,
		Args: takesNone("lab"),
		RunE: func(c *cobra.Command, _ []string) error {
			if err := o.check(c); err != nil {
				return err
			}
			return runLab(c.Context(), s, o)
		},
	}
	o.flags(c)
	return c
}

// labHelp is the command's help, with what each number means.
func labHelp() string {
	var b strings.Builder
	b.WriteString(`lab starts a server and a load again and again, each time under another setting,
traces it from its first mmap, and shows in one table how much memory it took,
when it gave it back, and what that cost; and says which setting is best for the
goal. By default the server is "server", beside whyres, and the load is three
pulses of 10,000 connections, then small pulses of 1,000 for as long as it is
watched: the question that whyres began with.

A run is: start, burst, and some time to settle, in which the small pulses go on.
Without --quick the Go runtime's own clocks run (a GC after two minutes of
quiet, the scavenger up to a minute later), and a run takes about seven minutes;
with it GCs are forced at a third and two thirds of a short time. With --quick and
its own load and times, orders and the end fall between small pulses; otherwise
they fall where they fall. No order is given so late that the run ends before it
is seen.

Each run is recorded in the folder of -o, for whyres replay, diff and report.
The folder's results.json is written after each run: what was interrupted goes
on with --resume, on the same host with the same programs. A run that fails says
so in its row, and the others go on; --resume DIR --retry tries it again.

The target is started as the user who called sudo, and so is the load. Words of
--target are split as by a shell, but no shell runs, and no variable is replaced;
--load, --gc and --free are run by sh. The program of --target is the one that is
measured, so it is to listen itself, not a child of it (sh -c 'exec ./server'
does). In all of them {addr} stands for the address that the target is to
listen at (127.0.0.1 and a free port), {port} for the port, and in --gc and
--free {pid} for the target's number. A load's burst is over when the load ends,
or if it prints what pulse -json prints, with the last big pulse. A load that
never ends is ended after --load-limit.

The settings, by their ids for --settings:
`)
	for _, id := range labIDs() {
		define(&b, id, lab.Explain(id))
	}
	b.WriteString("\nWhat is measured:\n")
	for _, m := range lab.MeasureHelp() {
		define(&b, m.Name, m.What)
	}
	b.WriteString(`
With --servers 2 the two run at the same time, and a run's numbers are of both: RES
at rest, area, CPU, page faults and all that is taken again, asked for or left are
sums; of times and latencies the longer one counts, each from its own burst's end,
with the levels of half and nine tenths those of one server of the default. Peak
RES is the highest that their sum ever was; the sum of their own peaks stands
beside it. What is unknown of one is unknown of both.

A row of which a run's burst was cut, or had less than 99 % of its connections
served, is neither compared nor recommended: it had less to give back; --retry
makes such runs again. A setting of which a run failed is not recommended.
p50 and p99 are the median, over the small pulses, of each one's own p50 and p99.
Of several runs the median counts.
` + lab.ChanceHelp)
	return b.String()
}

// define writes a term and what it means, in lines of 80.
func define(b *strings.Builder, term, what string) {
	const width, indent = 80, "      "
	line := "  " + term + ":"
	for _, word := range strings.Fields(what) {
		if utf8.RuneCountInString(line)+1+utf8.RuneCountInString(word) > width {
			b.WriteString(line + "\n")
			line = indent + word
			continue
		}
		line += " " + word
	}
	b.WriteString(line + "\n")
}

func (o *labOptions) flags(c *cobra.Command) {
	o.plainFlags(c, "one JSON object, "+lab.Schema+": what results.json holds")
	f := c.Flags()
	f.BoolVar(&o.markdown, "markdown", false, "a table for an issue or a README")
	f.BoolVar(&o.quick, "quick", false, "force the GCs and settle for 10.5s, instead of waiting for the runtime's clocks")
	f.IntVar(&o.runs, "runs", 1, "runs of each setting; three or more show how far chance goes")
	f.IntVar(&o.servers, "servers", 1, "servers on this host at a time, 1 or 2; the second one's burst comes when the first one has settled for half its time")
	f.StringVar(&o.goal, "goal", string(lab.GoalRES), "what is best: res (least area under RES), time (nine tenths gone soonest), latency (least p99) or cpu (least CPU of GC and scavenger)")
	f.StringSliceVar(&o.only, "settings", nil, "only these settings, by their ids (the default is always run)")
	f.StringSliceVar(&o.toolchains, "go", nil, "also the server built with these Go versions, 1.16 or newer: 1.21 (its newest patch) or 1.21.13")
	f.StringSliceVar(&o.thp, "thp", nil, "also these modes of transparent huge pages: never, madvise, always; with --allow-settings")
	f.BoolVar(&o.allowSettings, "allow-settings", false, "let --thp change "+hugePageSettings+"/enabled for the whole host during a run, and put it back")
	f.StringSliceVar(&o.limits, "limits", nil, "two sizes for GOMEMLIMIT, the small and the large: 24MiB,36MiB (default: half and 3/4 of the default's peak RES)")
	f.StringVar(&o.target, "target", "", "the program to measure, with its arguments (default: server, beside whyres or in PATH)")
	f.StringVar(&o.load, "load", "", "its load (default: pulse, beside whyres or in PATH)")
	f.StringVar(&o.gc, "gc", "", "how the target is told to run a GC (default: SIGUSR1 for server)")
	f.StringVar(&o.free, "free", "", "how it is told to call debug.FreeOSMemory (default: SIGUSR2 for server)")
	f.DurationVar(&o.settle, "settle", 0, "how long a run is watched after the burst (default 5m10s, with --quick 10.5s)")
	f.DurationVar(&o.loadLimit, "load-limit", 0, "end a load whose burst is not over by then (default 10m, with --quick 2m)")
	f.StringVarP(&o.output, "output", "o", "", "folder for the results, which must not be there (default lab-YYYYMMDD-HHMMSS)")
	f.StringVar(&o.resume, "resume", "", "go on with what is left of the lab in this folder; it knows its options")
	f.BoolVar(&o.retry, "retry", false, "with --resume: also try again what failed, was refused, or had not its whole burst")
	f.StringVar(&o.show, "show", "", "show the table of the lab in this folder, measure nothing")
	f.IntVar(&o.atOnce, "at-once", 1, "runs at a time, one burst after the other: quicker, but runs disturb each other, above all latency and CPU")
	o.completions(c)
}

func (o *labOptions) completions(c *cobra.Command) {
	fixed := map[string][]string{
		"settings": labCompletions(),
		"goal":     {string(lab.GoalRES), string(lab.GoalTime), string(lab.GoalLatency), string(lab.GoalCPU)},
		"thp":      thpModes(),
		"go":       {"1.16", "1.21", "1.26", "1.27"},
	}
	for flag, values := range fixed {
		_ = c.RegisterFlagCompletionFunc(flag, cobra.FixedCompletions(values, cobra.ShellCompDirectiveNoFileComp))
	}
	for _, flag := range []string{"output", "resume", "show"} {
		_ = c.MarkFlagDirname(flag)
	}
}

// labIDs are the settings that there are on any host.
func labIDs() []string {
	all, err := lab.Settings(lab.Options{CanGC: true, CanFree: true})
	if err != nil {
		return nil
	}
	ids := make([]string, len(all))
	for i := range all {
		ids[i] = all[i].ID
	}
	return ids
}

// labCompletions are the same with what they do.
func labCompletions() []string {
	ids := labIDs()
	for i, id := range ids {
		ids[i] = id + "\t" + lab.Explain(id)
	}
	return ids
}
