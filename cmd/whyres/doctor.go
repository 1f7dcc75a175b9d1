package main

import (
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"whyres/bpf"
	"whyres/cmd/whyres/internal/doctor"
	"whyres/cmd/whyres/internal/timeline"
	"whyres/collector"
	"whyres/collector/kernel"
)

// doctorOptions are doctor's flags.
type doctorOptions struct {
	display
	pid int
}

func doctorCommand(s streams) *cobra.Command {
	var o doctorOptions
	c := &cobra.Command{
		Use:   "doctor",
		Short: "Show what this host lets whyres see, and what to do about what it does not",
		Long: `doctor tries what the other commands need, looks at the settings that decide how
memory goes back to the system, and says of each what was found, what it means
and what to do. With -p it looks at a process too: in which way its Go runtime
can be read, whether what is read sums up, and what limits and locks its memory.

It changes no setting and writes nothing. The eBPF program is attached for a
moment, following no process. The exit code is 3 where something is missing that
trace, explain or top cannot do without.`,
		Example: `  sudo whyres doctor
  sudo whyres doctor -p 4242
  whyres doctor --json | jq '.checks[] | select(.status=="missing")'`,
		Args: takesNone("doctor"),
		RunE: func(c *cobra.Command, _ []string) error {
			if c.Flags().Changed("pid") && o.pid <= 0 {
				return usage("-p %d: want a process's number", o.pid)
			}
			if err := o.check(); err != nil {
				return err
			}
			return examine(s, o)
		},
	}
	c.Flags().IntVarP(&o.pid, "pid", "p", 0, "a process to look at too")
	o.plainFlags(c, "one JSON object")
	return c
}

// errBlocked: something that a command needs is missing. The checks have told.
var errBlocked = fmt.Errorf("%w%w", errTold, quiet{bpf.ErrUnsupported})

// quiet is an error of which nothing is to be said any more.
type quiet struct{ error }

func (quiet) Error() string   { return "" }
func (q quiet) Unwrap() error { return q.error }

func examine(s streams, o doctorOptions) error {
	host, err := doctor.Live()
	if err != nil {
		return err
	}
	sections := []checked{{"the host", host.Checks()}}
	if o.pid != 0 {
		process, err := host.Examine(o.pid)
		if errors.Is(err, kernel.ErrGone) {
			err = fmt.Errorf("%w: there is no process %d", collector.ErrGone, o.pid)
		}
		if err != nil {
			return err
		}
		sections = append(sections, checked{fmt.Sprintf("process %d", o.pid), process.Checks()})
	}
	var all []doctor.Check
	for _, section := range sections {
		all = append(all, section.checks...)
	}
	if o.json {
		err = writeChecks(s.out, all)
	} else {
		err = showChecks(s.out, o.display, sections, verdictOf(all))
	}
	if err == nil && len(doctor.Blocked(all)) > 0 {
		err = errBlocked
	}
	return err
}

// checked are the checks of one thing.
type checked struct {
	title  string
	checks []doctor.Check
}

// verdictOf is what the checks come to, in a sentence.
func verdictOf(checks []doctor.Check) string {
	blocked := doctor.Blocked(checks)
	if len(blocked) == 0 {
		return "Everything that trace, explain and top need is there."
	}
	needing := map[string][]string{}
	var order []string
	for _, c := range checks {
		if c.Blocks() {
			if needing[c.NeededFor] == nil {
				order = append(order, c.NeededFor)
			}
			needing[c.NeededFor] = append(needing[c.NeededFor], c.ID)
		}
	}
	var parts []string
	for _, commands := range order {
		parts = append(parts, fmt.Sprintf("for %s: %s", commands, strings.Join(needing[commands], ", ")))
	}
	return "Missing " + strings.Join(parts, "; ") + "."
}

func showChecks(w io.Writer, d display, all []checked, verdict string) error {
	sections := make([]timeline.Section, len(all))
	for i, section := range all {
		sections[i].Title = section.title
		for _, c := range section.checks {
			sections[i].Findings = append(sections[i].Findings, timeline.Finding{
				Status: string(c.Status), Name: c.ID, Found: c.Found, Means: c.Means, Remedy: c.Remedy,
			})
		}
	}
	return timeline.WriteFindings(w, d.options(w), sections, verdict)
}

func writeChecks(w io.Writer, checks []doctor.Check) error {
	return printJSON(w, struct {
		Schema string         `json:"schema"`
		Checks []doctor.Check `json:"checks"`
	}{"whyres/doctor/1", checks})
}
