package main

import (
	"context"

	"github.com/spf13/cobra"

	"whyres/cmd/whyres/internal/timeline"
	"whyres/collector/diff"
)

func diffCommand(s streams) *cobra.Command {
	var d display
	var all bool
	c := &cobra.Command{
		Use:   "diff A B",
		Short: "Lay two recordings, or two probes, side by side",
		Long: `diff compares two recordings that trace -o made: how high RES went, where it came
to rest, how long it took to give memory back, what was asked and what left, by
which call and caller, and the causes that appear or vanish. What is the same is
named in one line; what differs has both values, and why where the recordings
say it. Better and worse are of B. Two files that whyres probe --json wrote are
compared case by case. One of the two may be -, for standard input. It needs no
privilege.

Same means: sizes within 256 KiB or 2 %, counts within 5 %, times within 5 %
or as far as the readings of RES are apart, and 50 ms at least (lengths of time
1 s); times of a probe within a factor of two. When half had gone counts from when RES had risen to its peak, the load
included: compare recordings of the same load.`,
		Example: `  whyres diff before.whyres after.whyres
  whyres diff linux-5.10.whyres linux-7.3.whyres
  whyres probe --json | whyres diff old-kernel.json -
  whyres diff --json a.whyres b.whyres | jq '.rows[] | select(.mark != "same")'`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) != 2 {
				return usage("diff wants two recordings, or two probes")
			}
			if args[0] == "-" && args[1] == "-" {
				return usage("only one of the two can be standard input")
			}
			return nil
		},
		RunE: func(c *cobra.Command, args []string) error {
			if err := d.check(); err != nil {
				return err
			}
			return compare(c.Context(), s, d, all, args[0], args[1])
		},
	}
	d.plainFlags(c, "print the comparison as one JSON object, with all that is the same")
	c.Flags().BoolVar(&all, "all", false, "show what is the same too, and all that matters less")
	return c
}

func compare(ctx context.Context, s streams, d display, all bool, a, b string) error {
	progress := &reads{}
	r, err := watched(ctx, s, progress, func() (diff.Report, error) { return compareFiles(s, progress, a, b) })
	if err != nil {
		return err
	}
	if d.json {
		return printJSON(s.out, r)
	}
	return timeline.WriteDiff(s.out, d.options(s.out), &r, all)
}

// compareFiles reads both before it compares. One that cannot be read does not
// hide what is wrong with the other.
func compareFiles(s streams, progress *reads, a, b string) (diff.Report, error) {
	x, err := openSide(s, progress, a)
	if err != nil {
		return diff.Report{}, err
	}
	y, err := openSide(s, progress, b)
	if err != nil {
		return diff.Report{}, err
	}
	switch {
	case x.probe != nil && y.probe != nil:
		return diff.CompareProbes(x.probe, y.probe), nil
	case x.recording != nil && y.recording != nil:
		return diff.CompareRecordings(x.recording, y.recording), nil
	}
	return diff.Report{}, usage("%s is %s and %s is %s: diff compares two of one kind", timeline.Clean(a, 200), x.kind(), timeline.Clean(b, 200), y.kind())
}
