package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"whyres/cmd/whyres/internal/timeline"
	"whyres/collector/explain"
	"whyres/collector/expvar"
	"whyres/collector/kernel"
	"whyres/collector/mem"
)

// asked is what the process said of itself over HTTP; nil where it was not
// asked.
type asked struct {
	stats    *mem.MemStats
	warnings []string
}

// ask asks before the look, so that what answering takes is in both.
func (l *looker) ask(ctx context.Context) (*asked, error) {
	if l.options.vars == nil {
		return nil, nil
	}
	vars, err := expvar.Fetch(ctx, l.options.vars)
	if err != nil {
		return nil, fmt.Errorf("--expvar: %w", err)
	}
	a := &asked{stats: vars.MemStats(time.Now(), kernel.Now())}
	own := commandLine(l.options.pid)
	if len(vars.Cmdline) > 0 && len(own) > 0 && !slices.Equal(own, vars.Cmdline) {
		a.warnings = append(a.warnings, fmt.Sprintf(
			"MemStats may be of another process: what answers --expvar was started as %q, process %d as %q",
			inShort(vars.Cmdline), l.options.pid, inShort(own)))
	}
	return a, nil
}

// inShort is a command line as far as a person reads on.
func inShort(words []string) string {
	const longest = 200
	return timeline.Clean(strings.Join(words, " "), longest)
}

// fill gives the numbers to a sample that has none from the memory.
func (a *asked) fill(s *mem.Sample) {
	if a == nil || s.MemStats != nil {
		return
	}
	s.MemStats = a.stats
	a.warnings = append(a.warnings, "GOGC and the memory limit are not among what a process serves")
}

// replace puts the numbers in place of those from the memory, but for what a
// process does not serve. The ledger keeps to the memory's, which are of the same
// moment as its pages.
func (a *asked) replace(v *explain.Verdict) {
	if a == nil {
		return
	}
	if from := v.MemStats; from.Source != expvar.Source {
		stats := *a.stats
		stats.HeapMarked, stats.GCPercent, stats.MemoryLimit = from.HeapMarked, from.GCPercent, from.MemoryLimit
		stats.ScavengeGCPercentGoal, stats.ScavengeMemoryLimitGoal = from.ScavengeGCPercentGoal, from.ScavengeMemoryLimitGoal
		v.MemStats = stats
	}
	v.Warnings = append(v.Warnings, a.warnings...)
}

// maxCommandLine bounds what is read of a process's arguments.
const maxCommandLine = 4 << 20

// commandLine are the arguments that the process was started with, nil where
// they cannot be told.
func commandLine(pid int) []string {
	f, err := os.Open(filepath.Join(procfs, strconv.Itoa(pid), "cmdline"))
	if err != nil {
		return nil
	}
	defer func() { _ = f.Close() }() // only read
	text, err := io.ReadAll(io.LimitReader(f, maxCommandLine))
	if err != nil || len(text) == 0 {
		return nil
	}
	return strings.Split(strings.TrimSuffix(string(text), "\x00"), "\x00")
}
