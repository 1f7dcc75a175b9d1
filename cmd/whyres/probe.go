package main

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"whyres/cmd/whyres/internal/settings"
	"whyres/cmd/whyres/internal/timeline"
	"whyres/collector/kernel"
	"whyres/collector/mem"
	"whyres/collector/probe"
)

// probeOptions are probe's flags.
type probeOptions struct {
	display
	markdown      bool
	list          bool
	only          []string
	allowSettings bool
	runs          int
}

func probeCommand(s streams) *cobra.Command {
	var o probeOptions
	c := &cobra.Command{
		Use:   "probe",
		Short: "Show what this kernel's madvise really does, case by case",
		Long: `probe makes memory of its own, makes the calls by which a program gives memory
back to the system (and some others), and shows of each what it brought: how RES
changed, what the kernel's page allocator got of that, how long it took, and what
it means for a Go program. Kernels differ, and so do huge pages, locked memory
and forked children.

It needs no privilege, but for what the allocator got, which the eBPF program
tells. It touches no other process. No system setting is changed without
--allow-settings; with it some huge-page settings are, for a moment, and put back
even when whyres is killed: cases that would need one are "unknown" otherwise.

A time is that of the median run; MiB and KiB are of 1024.`,
		Example: `  sudo whyres probe
  sudo whyres probe --allow-settings --json > $(uname -r).json
  whyres probe --only dontneed-4k,free-4k
  whyres probe --list`,
		Args: takesNone("probe"),
		RunE: func(c *cobra.Command, _ []string) error {
			if err := o.check(); err != nil {
				return err
			}
			if o.list {
				return listCases(s, o.display)
			}
			return runProbe(c.Context(), s, o)
		},
	}
	o.flags(c)
	return c
}

func (o *probeOptions) flags(c *cobra.Command) {
	o.plainFlags(c, "one JSON object, "+probe.Schema)
	f := c.Flags()
	f.BoolVar(&o.markdown, "markdown", false, "a table for an issue or a README")
	f.BoolVar(&o.list, "list", false, "list the cases, measure nothing")
	f.StringSliceVar(&o.only, "only", nil, "only these cases, by their names in --list")
	f.BoolVar(&o.allowSettings, "allow-settings", false,
		"change settings below "+hugePageSettings+" for the cases that need it, and put them back (root)")
	f.IntVar(&o.runs, "runs", 5, "how often each case is run; the median counts")
	_ = c.RegisterFlagCompletionFunc("only", completeCases)
}

func (o *probeOptions) check() error {
	switch {
	case o.json && o.markdown:
		return usage("--json or --markdown, not both")
	case o.runs < 1 || o.runs > 100:
		return usage("--runs %d: want 1 to 100", o.runs)
	}
	for _, id := range o.only {
		if _, known := probe.Find(id); !known {
			return usage("there is no case %q: whyres probe --list shows them", id)
		}
	}
	return o.display.check()
}

// completeCases offers the cases that are not in the list yet, after what of it has
// been typed.
func completeCases(_ *cobra.Command, _ []string, typed string) (out []string, how cobra.ShellCompDirective) {
	before := typed[:strings.LastIndexByte(typed, ',')+1]
	named := strings.Split(before, ",")
	for _, c := range probe.Catalogue() {
		if !slices.Contains(named, c.ID) {
			out = append(out, before+c.ID)
		}
	}
	return out, cobra.ShellCompDirectiveNoFileComp | cobra.ShellCompDirectiveNoSpace
}

// chosen is what is to be measured, in the catalogue's order.
func (o *probeOptions) chosen() (out []probe.Case) {
	for _, c := range probe.Catalogue() {
		if len(o.only) == 0 || slices.Contains(o.only, c.ID) {
			out = append(out, c)
		}
	}
	return out
}

func runProbe(ctx context.Context, s streams, o probeOptions) error {
	host, err := kernel.Default().Host()
	if err != nil {
		return err
	}
	report := &probe.Report{Schema: probe.Schema, Tool: version(), Time: time.Now().UTC().Truncate(time.Second), Host: host}
	report.Warnings = probeWarnings(host)
	p := newProbing(s, o, report)
	busy := settings.Busy(hugePageSettings)
	if err := p.run(ctx); err != nil {
		return errors.Join(err, p.notPutBack)
	}
	if busy || settings.Busy(hugePageSettings) {
		report.Warnings = append(report.Warnings, "another whyres was changing settings of huge pages meanwhile: cases of 2 MiB and 64 KiB pages may have met its settings; run it again")
	}
	return errors.Join(o.show(s, report), p.notPutBack)
}

// probeWarnings says what about the host makes numbers differ from other hosts'.
func probeWarnings(host mem.Host) (out []string) {
	if host.SwapTotal > 0 {
		out = append(out, "this host has swap: MADV_PAGEOUT can write pages there, and does other things than on a host without")
	}
	return out
}

func (o *probeOptions) show(s streams, report *probe.Report) error {
	switch {
	case o.json:
		return printJSON(s.out, report)
	case o.markdown:
		return probe.WriteMarkdown(s.out, report)
	}
	return timeline.WriteProbe(s.out, o.options(s.out), report)
}

func listCases(s streams, d display) error {
	if d.json {
		return printJSON(s.out, struct {
			Schema string       `json:"schema"`
			Cases  []listedCase `json:"cases"`
		}{"whyres/probe-cases/1", listed()})
	}
	return timeline.WriteCases(s.out, d.options(s.out), probe.Catalogue())
}

// listedCase is a case as --list --json shows it.
type listedCase struct {
	ID     string   `json:"id"`
	Call   mem.Call `json:"call"`
	Advice string   `json:"advice"`
	Pages  string   `json:"pages"`
	Does   string   `json:"does"`
	Needs  []string `json:"needs,omitempty"`
}

func listed() (out []listedCase) {
	for _, c := range probe.Catalogue() {
		l := listedCase{ID: c.ID, Call: c.Call, Advice: c.Advice, Pages: c.Pages, Does: c.Does}
		for _, w := range c.Wants {
			l.Needs = append(l.Needs, w.String())
		}
		out = append(out, l)
	}
	return out
}
