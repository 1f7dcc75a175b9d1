package main

import (
	"io"
	"os"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"whyres/cmd/whyres/internal/timeline"
)

// display is how to show a timeline: the flags that all commands with one have.
type display struct {
	color   string
	verbose bool
	json    bool
}

func (d *display) flags(c *cobra.Command) {
	d.plainFlags(c, "JSON lines: the recording's, and the verdict as the last")
	c.Flags().BoolVarP(&d.verbose, "verbose", "v", false, "one line for each call, with its stack")
}

func (d *display) check() error {
	switch d.color {
	case "auto", "always", "never":
		return nil
	}
	return usage("--color is %q: want auto, always or never", d.color)
}

// options looks at the terminal, if out is one.
func (d *display) options(out io.Writer) timeline.Options {
	o := timeline.Options{Verbose: d.verbose, Color: d.color == "always", ASCII: !utf8Locale(os.Getenv)}
	f, ok := out.(*os.File)
	if !ok || !term.IsTerminal(int(f.Fd())) {
		return o
	}
	if width, _, err := term.GetSize(int(f.Fd())); err == nil {
		o.Width = width
	}
	o.Color = o.Color || d.color == "auto" && os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb"
	return o
}
