package main

import (
	"io"
	"os"
	"strings"

	"golang.org/x/term"
)

// What a terminal is told (ECMA-48): to the first cell, erase to the end of the
// line, erase to the end of the screen.
const (
	home       = "\x1b[H"
	eraseLine  = "\x1b[K"
	eraseBelow = "\x1b[J"
)

// screen draws one text over the one before, where it is a terminal that can
// do so; elsewhere one below the other.
type screen struct {
	out   io.Writer
	drawn bool
}

func newScreen(out io.Writer) *screen { return &screen{out: out} }

// rows is how many lines there are room for; 0: no end of them.
func (s *screen) rows() int {
	height := screenRows(s.out)
	if height == 0 {
		return 0
	}
	return max(height-1, 2) // the cursor's own line
}

// draw shows the text; over is false for one that stays.
func (s *screen) draw(text []byte, over bool) error {
	frame := string(text)
	switch {
	case over && s.rows() > 0 && !s.drawn:
		frame = home + eraseBelow + frame
	case over && s.rows() > 0:
		frame = home + strings.ReplaceAll(frame, "\n", eraseLine+"\n") + eraseBelow
	case s.drawn:
		frame = "\n" + frame
	}
	s.drawn = true
	_, err := io.WriteString(s.out, frame)
	return err
}

func isTerminal(out io.Writer) bool {
	f, ok := out.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}

// screenRows is the height of a terminal that can be drawn on, 0 of anything
// else.
func screenRows(out io.Writer) int {
	f, ok := out.(*os.File)
	if !ok || !isTerminal(out) || os.Getenv("TERM") == "dumb" {
		return 0
	}
	_, rows, err := term.GetSize(int(f.Fd()))
	if err != nil {
		return 0
	}
	return rows
}
