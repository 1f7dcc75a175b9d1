package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime/debug"
	"strings"
	"syscall"

	"github.com/spf13/cobra"
)

// streams are where a command reads and writes.
type streams struct {
	in       io.Reader
	out, err io.Writer
}

// say tells the person something that is not the result. That even this
// cannot be said cannot be told.
func (s streams) say(format string, args ...any) {
	_, _ = fmt.Fprintf(s.err, "whyres: "+format+"\n", args...)
}

// complain tells an error in one line, unless it has been told.
func (s streams) complain(err error) {
	switch text := oneLine(err); {
	case text == "":
	case errors.Is(err, errUsage):
		s.say("%s; see whyres --help", text)
	default:
		s.say("%s", text)
	}
}

// run is the whole program: it returns the exit code.
func run(ctx context.Context, args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	ctx, stop := signal.NotifyContext(ctx, syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP)
	defer stop()
	// The first signal ends what is under way, in order; a second one ends
	// whyres at once, for instance when nobody reads what it writes.
	defer context.AfterFunc(ctx, stop)()
	// With a handler a write to a closed pipe is an error like any other, and
	// not the end of the process, which has things to put back in order.
	pipes := make(chan os.Signal, 1)
	signal.Notify(pipes, syscall.SIGPIPE)
	defer signal.Stop(pipes)
	s := streams{stdin, stdout, stderr}
	root := rootCommand(s)
	root.SetArgs(args)
	root.SetIn(stdin)
	root.SetOut(stdout)
	root.SetErr(stderr)
	err := root.ExecuteContext(ctx)
	if errors.Is(err, syscall.EPIPE) {
		return exitDone // whoever read has seen enough: trace | head
	}
	if err != nil {
		s.complain(err)
	}
	return exitCode(err)
}

func rootCommand(s streams) *cobra.Command {
	root := &cobra.Command{
		Use:   "whyres",
		Short: "Tells why a Go process's RES stays high, and when, why and by whom memory goes back",
		Long: `whyres tells why a Go process's RES stays high, and exactly when, why and by
whom memory goes back to the system. It needs no change in the process and
does not stop it: the kernel's side comes from an eBPF program, the Go
runtime's from the process's memory, read from outside.`,
		Example: `  sudo whyres explain -p 4242             where its RES is, and why, in one look
  sudo whyres trace -p 4242               watch a running process
  sudo whyres trace -- ./server           start one and watch it from its first mmap
  sudo whyres trace -p 4242 -o night.whyres --for 10m
  whyres replay night.whyres              the same again, from the recording
  whyres report night.whyres -o night.html  the same as a page with graphs
  whyres diff before.whyres after.whyres  what differs between two recordings
  sudo whyres top                         every Go process of the host
  sudo whyres probe                       what this kernel's madvise really does
  sudo whyres lab --quick                 which setting gives memory back best, measured
  sudo whyres doctor                      what this host lets whyres see`,
		Version:       version(),
		SilenceErrors: true,
		SilenceUsage:  true,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) > 0 {
				return usage("there is no command %q", args[0])
			}
			return nil
		},
		RunE: func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	root.SetFlagErrorFunc(func(_ *cobra.Command, err error) error {
		text, _, _ := strings.Cut(err.Error(), ": strconv.")
		return usage("%s", text)
	})
	root.AddCommand(topCommand(s), doctorCommand(s))
	root.AddCommand(traceCommand(s), replayCommand(s), reportCommand(s), diffCommand(s))
	root.AddCommand(explainCommand(s), probeCommand(s), labCommand(s))
	root.AddCommand(subjectCommand(s), guardianCommand(s))
	return root
}

// version is the module's, or the commit that the binary was built from.
func version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "unknown"
	}
	for _, setting := range info.Settings {
		if setting.Key == "vcs.revision" && info.Main.Version == "(devel)" {
			return setting.Value[:min(12, len(setting.Value))]
		}
	}
	return info.Main.Version
}
