// Command run shows one culprit of testdata/culprits: it builds it with the first
// of its Go releases, starts it, has it make its memory, and runs whyres at it.
// Without a name it lists them all. make culprit runs it.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"

	"whyres/cmd/whyres/internal/culprit"
)

func main() { os.Exit(run(os.Args[1:], os.Stdout, os.Stderr)) }

// run is main with what it needs, and returns the exit code.
func run(args []string, out, errs io.Writer) int {
	flags := flag.NewFlagSet("culprit", flag.ContinueOnError)
	flags.SetOutput(errs)
	s := show{out: out, errs: errs}
	flags.StringVar(&s.whyres, "whyres", "bin/whyres", "the program to run at it")
	flags.StringVar(&s.dir, "culprits", "cmd/whyres/testdata/culprits", "the folder of culprits")
	flags.StringVar(&s.sudo, "sudo", "", "the command that makes whyres root, where that is needed")
	if err := flags.Parse(args); err != nil {
		return 2
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	if err := s.named(ctx, flags.Args()); err != nil && ctx.Err() == nil {
		_, _ = fmt.Fprintln(errs, "culprit:", err)
		return 1
	}
	return 0
}

// named shows the one that is named, or lists all.
func (s *show) named(ctx context.Context, args []string) error {
	switch len(args) {
	case 0:
		return s.list()
	case 1:
		c, err := culprit.Load(filepath.Join(s.dir, args[0]))
		if errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("there is no culprit %q: make culprit lists them", args[0])
		}
		if err != nil {
			return err
		}
		return s.one(ctx, c)
	}
	return errors.New("want the name of one culprit, or none")
}

// list prints the names and what each does.
func (s *show) list() error {
	all, err := culprit.All(s.dir)
	if err != nil {
		return err
	}
	width := 0
	for _, c := range all {
		width = max(width, len(c.Name))
	}
	text := "make culprit NAME=... builds one of these, runs it, and has whyres look at it:\n\n"
	for _, c := range all {
		text += fmt.Sprintf("  %-*s  %s\n", width, c.Name, c.What)
	}
	_, err = io.WriteString(s.out, text)
	return err
}
