package main

import (
	"fmt"
	"io"
	"os"
	"runtime"
	"slices"
	"strings"
	"time"
)

// table prints the medians, as ratios to the same loop untraced, with the least
// and the greatest of the rounds.
func table(out io.Writer, all []tracer, results []measurement) error {
	loops := []string{"madvise", "touch+madvise", "unrelated madvise", "unrelated getppid", "unrelated page fault"}
	var b strings.Builder
	fmt.Fprintf(&b, "%s, %s %s, %d CPUs; ratios to the same loop untraced: median (least to greatest)\n\n",
		time.Now().Format(time.DateOnly), kernelRelease(), runtime.GOARCH, runtime.NumCPU())
	fmt.Fprintf(&b, "| traced by | %s | calls reported |\n|---|%s---|\n", strings.Join(loops, " | "), strings.Repeat("---|", len(loops)))
	for _, t := range all {
		fmt.Fprintf(&b, "| %s |", t.name)
		if t.missing != "" {
			fmt.Fprintf(&b, " %s |%s\n", t.missing, strings.Repeat(" |", len(loops)))
			continue
		}
		for _, loop := range loops {
			fmt.Fprintf(&b, " %s |", cell(results, t.name, loop))
		}
		fmt.Fprintf(&b, " %s |\n", reported(results, t.name))
	}
	_, err := io.WriteString(out, b.String())
	return err
}

func cell(results []measurement, tracer, loop string) string {
	times := timesOf(results, tracer, loop)
	if tracer == untraced {
		return fmt.Sprintf("%.0f ns", median(times))
	}
	base := timesOf(results, untraced, loop)
	var ratios []float64
	for round := range times {
		ratios = append(ratios, times[round]/base[round])
	}
	return fmt.Sprintf("x%.2f (%.2f to %.2f)", median(ratios), slices.Min(ratios), slices.Max(ratios))
}

func timesOf(results []measurement, tracer, loop string) (times []float64) {
	for _, m := range results {
		if m.Tracer == tracer && m.Loop == loop {
			times = append(times, m.NsPerCall)
		}
	}
	return times
}

func reported(results []measurement, tracer string) string {
	calls, seen := 0, 0
	for _, m := range results {
		if m.Tracer == tracer && m.Seen >= 0 {
			calls, seen = calls+m.Calls, seen+m.Seen
		}
	}
	if calls == 0 {
		return "-"
	}
	return fmt.Sprintf("%.2f %%", 100*float64(seen)/float64(calls))
}

func median(v []float64) float64 {
	v = slices.Sorted(slices.Values(v))
	return (v[len(v)/2] + v[(len(v)-1)/2]) / 2
}

func kernelRelease() string {
	release, err := os.ReadFile("/proc/sys/kernel/osrelease")
	if err != nil {
		return "Linux"
	}
	return "Linux " + strings.TrimSpace(string(release))
}
