package main

import (
	"bytes"
	"io"
	"strings"

	"whyres/cmd/whyres/internal/timeline"
	"whyres/collector/explain"
)

// shower shows one verdict after another.
type shower struct {
	out     io.Writer
	display display
	watch   bool
	before  *explain.Verdict
}

func newShower(s streams, o explainOptions) *shower {
	return &shower{out: s.out, display: o.display, watch: o.watch > 0}
}

func (s *shower) verdict(v *explain.Verdict) error {
	if s.display.json {
		return printJSON(s.out, v)
	}
	var frame []byte
	var err error
	if rows := screenRows(s.out); s.watch && rows > 0 {
		frame, err = s.redrawn(v, rows)
	} else {
		frame, err = s.render(v, false)
		if s.before != nil {
			frame = append([]byte{'\n'}, frame...)
		}
	}
	if err != nil {
		return err
	}
	s.before = v
	_, err = s.out.Write(frame)
	return err
}

// render is the verdict without the empty line at its end.
func (s *shower) render(v *explain.Verdict, brief bool) ([]byte, error) {
	o := s.display.options(s.out)
	o.Brief = brief
	var out bytes.Buffer
	err := timeline.Verdict(&out, o, v, s.before)
	return append(bytes.TrimRight(out.Bytes(), "\n"), '\n'), err
}

// redrawn is the verdict over the one before. What does not fit the screen goes
// without the sentences beside the parts, and without its end: the answer stands
// first.
func (s *shower) redrawn(v *explain.Verdict, rows int) ([]byte, error) {
	frame, err := s.render(v, false)
	if err == nil && bytes.Count(frame, []byte("\n")) >= rows {
		frame, err = s.render(v, true)
	}
	if err != nil {
		return nil, err
	}
	lines := strings.SplitAfter(string(frame), "\n")
	screen := strings.Join(lines[:min(len(lines), max(rows-1, 1))], "")
	start := home
	if s.before == nil {
		start += eraseBelow
	}
	return []byte(start + strings.ReplaceAll(screen, "\n", eraseLine+"\n") + eraseBelow), nil
}
