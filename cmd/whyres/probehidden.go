package main

import (
	"fmt"
	"os"
	"os/exec"

	"github.com/spf13/cobra"

	"whyres/cmd/whyres/internal/settings"
	"whyres/collector/probe/subject"
)

// The commands by which whyres starts itself: nobody else has use for them.
const (
	subjectCommandName  = "probe-subject"
	guardianCommandName = "settings-guardian"
)

// subjectCommand is the process in which probe's cases are run.
func subjectCommand(s streams) *cobra.Command {
	return &cobra.Command{
		Use:    subjectCommandName,
		Short:  "The process that whyres probe measures (started by it)",
		Hidden: true,
		Args:   takesNone(subjectCommandName),
		RunE:   func(*cobra.Command, []string) error { return subject.Serve(s.in, s.out) },
	}
}

// guardianCommand is the process that puts settings back.
func guardianCommand(s streams) *cobra.Command {
	return &cobra.Command{
		Use:    guardianCommandName,
		Short:  "The process that puts settings back (started by whyres)",
		Hidden: true,
		Args:   takesNone(guardianCommandName),
		RunE:   func(*cobra.Command, []string) error { return settings.Guard(settings.HugePages, s.in, s.out) },
	}
}

// itself is a command of this very program, whatever its file is called now.
func itself(name string) (*exec.Cmd, error) {
	const self = "/proc/self/exe"
	if _, err := os.Stat(self); err != nil {
		return nil, fmt.Errorf("start another part of whyres: is /proc mounted? %w", err)
	}
	cmd := exec.Command(self, name) //nolint:noctx // its pipe tells it to end
	cmd.Args[0] = "whyres"
	cmd.Stderr = os.Stderr
	return cmd, nil
}
