// Command run shows one culprit of testdata/culprits: it builds it with the first
// of its Go releases, starts it, has it make its memory, and runs whyres at it.
// Without a name it lists them all. make culprit runs it.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"

	"whyres/cmd/whyres/internal/culprit"
)

func main() {
	var s show
	flag.StringVar(&s.whyres, "whyres", "bin/whyres", "the program to run at it")
	flag.StringVar(&s.dir, "culprits", "cmd/whyres/testdata/culprits", "the folder of culprits")
	flag.StringVar(&s.sudo, "sudo", "", "the command that makes whyres root, where that is needed")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	err := s.run(ctx, flag.Args())
	if err != nil && ctx.Err() == nil {
		fmt.Fprintln(os.Stderr, "culprit:", err)
		os.Exit(1)
	}
}

// run shows the one that is named, or lists all.
func (s *show) run(ctx context.Context, args []string) error {
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
	fmt.Print("make culprit NAME=... builds one of these, runs it, and has whyres look at it:\n\n")
	for _, c := range all {
		fmt.Printf("  %-*s  %s\n", width, c.Name, c.What)
	}
	return nil
}
