package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"whyres/bpf"
	"whyres/cmd/whyres/internal/timeline"
	"whyres/collector"
	"whyres/collector/goruntime"
	"whyres/collector/kernel"
)

// The exit codes, the same for every command.
const (
	exitDone        = 0
	exitFailed      = 1
	exitUsage       = 2
	exitUnsupported = 3
	exitGone        = 4
)

// errUsage: the command line is wrong.
var errUsage = errors.New("usage")

func usage(format string, args ...any) error {
	return fmt.Errorf("%w: %s", errUsage, fmt.Sprintf(format, args...))
}

func exitCode(err error) int {
	switch {
	case err == nil, errors.Is(err, context.Canceled):
		return exitDone
	case errors.Is(err, errUsage):
		return exitUsage
	case errors.Is(err, collector.ErrGone):
		return exitGone
	case errors.Is(err, errNoPrivilege), errors.Is(err, bpf.ErrPrivilege), errors.Is(err, bpf.ErrUnsupported),
		errors.Is(err, goruntime.ErrNoPermission), errors.Is(err, kernel.ErrNoPermission):
		return exitUnsupported
	}
	return exitFailed
}

// longestError is where a line of an error is cut.
const longestError = 1000

// oneLine is the error as one line for a terminal: what it says of a target is
// the target's own text. Joined errors that say the same say it once.
func oneLine(err error) string {
	var lines []string
	for line := range strings.Lines(err.Error()) {
		line = timeline.Clean(strings.TrimSpace(line), longestError)
		if line != "" && !slices.Contains(lines, line) {
			lines = append(lines, line)
		}
	}
	return strings.Join(lines, "; ")
}
