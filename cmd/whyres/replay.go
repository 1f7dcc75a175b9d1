package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/spf13/cobra"

	"whyres/collector/record"
)

func replayCommand(s streams) *cobra.Command {
	var d display
	c := &cobra.Command{
		Use:   "replay FILE",
		Short: "Show a recording as trace did",
		Long: `replay prints the timeline and the verdict of a recording that trace -o made,
through the code that printed them live. It needs no privilege. A damaged line
is reported with its number and skipped; a recording that was cut short
replays up to there. With - as FILE the recording comes from standard input.`,
		Example: `  whyres replay night.whyres
  zstdcat night.whyres.zst | whyres replay -
  whyres replay --json night.whyres | tail -1 | jq .ledger`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) != 1 {
				return usage("replay wants one recording, or - for standard input")
			}
			return nil
		},
		RunE: func(c *cobra.Command, args []string) error {
			if err := d.check(); err != nil {
				return err
			}
			return replay(c.Context(), s, d, args[0])
		},
	}
	d.flags(c)
	return c
}

func replay(ctx context.Context, s streams, d display, path string) error {
	in := s.in
	if path != "-" {
		f, err := os.Open(path)
		if err != nil {
			return fmt.Errorf("cannot replay: %w", err)
		}
		defer func() { _ = f.Close() }() // only read
		in = f
	}
	r, err := record.NewReader(untilInterrupted{ctx, in})
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	defer r.Close()
	st, err := newStory(s, d, nil, replayed)
	if err != nil {
		return err
	}
	st.cpu = false
	if err := st.tell(r, func(e *record.LineError) { s.say("%s: %s", path, oneLine(e)) }); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	return st.end()
}

// tell hands on every frame of the recording; damaged lines go to report.
func (s *story) tell(r *record.Reader, report func(*record.LineError)) error {
	for {
		f, err := r.Next()
		var damaged *record.LineError
		switch {
		case errors.Is(err, io.EOF):
			return nil
		case errors.As(err, &damaged):
			report(damaged)
			continue
		case err != nil:
			return err
		}
		for _, sink := range s.sinks {
			if err := sink.Frame(f); err != nil {
				return err
			}
		}
	}
}

// untilInterrupted reads no further once the command is interrupted.
type untilInterrupted struct {
	ctx context.Context
	io.Reader
}

func (u untilInterrupted) Read(p []byte) (int, error) {
	if u.ctx.Err() != nil {
		return 0, errInterrupted
	}
	return u.Reader.Read(p)
}
