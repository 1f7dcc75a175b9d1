package main

import (
	"bytes"
	"context"
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"whyres/cmd/whyres/internal/report"
	"whyres/cmd/whyres/internal/timeline"
	"whyres/collector/explain"
)

// reportOptions are the flags of whyres report.
type reportOptions struct {
	display
	format string
	output string
	force  bool
}

func reportCommand(s streams) *cobra.Command {
	var o reportOptions
	c := &cobra.Command{
		Use:   "report FILE...",
		Short: "Make one offline HTML page of recordings, or of a lab",
		Long: `report makes one HTML file of what trace -o recorded: the answer first, then RES
and the Go runtime's numbers on one axis of time with all that happened, what RES
was made of, the address space, causes, forecasts and calls. The file holds all that
it shows, asks no server for anything, and can be mailed or printed. Several
recordings are laid over each other, and each has its own part. The folder of a lab
(or its results.json) is shown as a comparison of its settings.

With --format json the verdict is printed instead, one object a recording; of a lab,
its results, before the verdicts of the recordings that are named beside it. One FILE
may be -, for standard input. It needs no privilege.

With --format pprof one recording becomes a profile for go tool pprof: bytes asked
for, bytes that left RES, mapped and unmapped, calls and their time, by stack. With
--format perfetto it becomes a trace for Perfetto (ui.perfetto.dev): RES and the
heap as counters, each call on its thread, GCs.`,
		Example: `  whyres report night.whyres -o night.html
  whyres report before.whyres after.whyres -o both.html
  whyres report lab-20261124-201500 -o lab.html
  whyres report night.whyres --format json | jq .causes
  whyres report night.whyres --format pprof -o night.pb.gz
  go tool pprof -top -sample_index=left_res night.pb.gz
  whyres report night.whyres --format perfetto -o night.pftrace`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) == 0 {
				return usage("report wants a recording, or the folder of a lab")
			}
			if len(args) > mostReportFiles {
				return usage("%d files: a page shows at most %d", len(args), mostReportFiles)
			}
			if len(slices.DeleteFunc(slices.Clone(args), func(a string) bool { return a != "-" })) > 1 {
				return usage("standard input can be read only once")
			}
			return nil
		},
		RunE: func(c *cobra.Command, args []string) error {
			if err := o.checkReport(c.Flags().Changed("format"), s.out); err != nil {
				return err
			}
			if o.exports() {
				return export(c.Context(), s, o, args)
			}
			return makeReport(c.Context(), s, o, args)
		},
	}
	o.plainFlags(c, "the same as --format json")
	c.Flags().StringVar(&o.format, "format", "html", "what to make: "+strings.Join(reportFormats(), ", "))
	c.Flags().StringVarP(&o.output, "output", "o", "", "the file to write (default: standard output, unless that is a terminal)")
	c.Flags().BoolVar(&o.force, "force", false, "overwrite the file of -o")
	_ = c.RegisterFlagCompletionFunc("format", cobra.FixedCompletions(reportFormats(), cobra.ShellCompDirectiveNoFileComp))
	return c
}

// mostReportFiles bounds what a page holds: each file needs memory while all are read.
const mostReportFiles = 64

// The formats.
const (
	formatHTML     = "html"
	formatJSON     = "json"
	formatPprof    = "pprof"
	formatPerfetto = "perfetto"
)

func reportFormats() []string {
	return []string{formatHTML, formatJSON, formatPprof, formatPerfetto}
}

func (o *reportOptions) checkReport(chosen bool, out io.Writer) error {
	if err := o.check(); err != nil {
		return err
	}
	if o.json {
		if chosen && o.format != formatJSON {
			return usage("--json and --format %s contradict each other", o.format)
		}
		o.format = formatJSON
	}
	if !slices.Contains(reportFormats(), o.format) {
		return usage("--format is %q: want %s", o.format, strings.Join(reportFormats(), ", "))
	}
	if o.output == "" && o.format != formatJSON && isTerminal(out) {
		return usage("%s is no text for a terminal: say where it goes with -o FILE", o.format)
	}
	return nil
}

// makeReport makes all of it before it writes any: a page is whole or is not there.
func makeReport(ctx context.Context, s streams, o reportOptions, paths []string) error {
	return o.produce(s, func(w io.Writer, progress *reads) error {
		made, err := watched(ctx, s, progress, func() ([]byte, error) {
			in, err := readAll(s, progress, paths)
			if err != nil {
				return nil, err
			}
			return formatted(o.format, in)
		})
		if err != nil {
			return err
		}
		_, err = w.Write(made)
		return err
	})
}

// formatted is what was read, in a format.
func formatted(format string, in *reportInput) ([]byte, error) {
	var out bytes.Buffer
	switch format {
	case formatJSON:
		err := in.json(&out)
		return out.Bytes(), err
	default:
		page := report.Page{Title: in.title(), Tool: version(), Recordings: in.recordings, Lab: in.page}
		err := page.Write(&out)
		return out.Bytes(), err
	}
}

// words are how the timeline says it.
func words() *report.Words {
	return &report.Words{
		Answer: func(v *explain.Verdict) report.Answer { return report.Answer(timeline.AnswerOf(v)) },
		Head:   timeline.Headline, Part: timeline.PartName, Who: timeline.WhoName, GC: timeline.GCReason, Clean: timeline.Clean,
	}
}
