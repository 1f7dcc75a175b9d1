package main

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"

	"whyres/cmd/whyres/internal/timeline"
	"whyres/collector"
	"whyres/collector/course"
	"whyres/collector/diff"
	"whyres/collector/explain"
	"whyres/collector/mem"
	"whyres/collector/probe"
	"whyres/collector/record"
)

// side is one of the two files: either what a recording came to, or a probe.
type side struct {
	recording *diff.Side
	probe     *diff.Probe
}

func (s side) kind() string {
	if s.probe != nil {
		return "a probe"
	}
	return "a recording"
}

// errNeither: the file is nothing that can be compared.
var errNeither = errors.New("neither a whyres recording nor what whyres probe --json writes")

func openSide(s streams, progress *reads, path string) (side, error) {
	in := s.in
	if path != "-" {
		f, err := os.Open(path)
		if err != nil {
			return side{}, fmt.Errorf("cannot compare: %w", err)
		}
		defer func() { _ = f.Close() }() // only read
		in = f
	}
	got, err := readSide(progress.open(in, path), path, func(e *record.LineError) { s.sayOver("%s: %s", timeline.Clean(path, 200), oneLine(e)) })
	if err != nil {
		return side{}, fmt.Errorf("%s: %w", path, err)
	}
	return got, nil
}

// schemaWithin is where a probe must have named its schema: it is the first field.
const schemaWithin = 256

// readSide looks at how the input begins, and reads it as what it is.
func readSide(in io.Reader, name string, report func(*record.LineError)) (side, error) {
	buffered := bufio.NewReaderSize(in, 64<<10)
	head, err := buffered.Peek(schemaWithin)
	if err != nil && !errors.Is(err, io.EOF) {
		return side{}, err
	}
	if beginsProbe(head) {
		p, err := probe.Read(buffered)
		if err != nil {
			return side{}, err
		}
		return side{probe: &diff.Probe{Name: name, Report: *p}}, nil
	}
	r, err := readRecording(buffered, report)
	if errors.Is(err, record.ErrNotRecording) {
		err = fmt.Errorf("%w: %w", errNeither, err)
	}
	r.Name = name
	return side{recording: r}, err
}

// beginsProbe: an object whose first field says so, with or without line ends.
func beginsProbe(head []byte) bool {
	return bytes.HasPrefix(bytes.Join(bytes.Fields(head), nil), []byte(`{"schema":"whyres/probe/`))
}

// readRecording feeds a recording through the code that replays it.
func readRecording(in io.Reader, report func(*record.LineError)) (*diff.Side, error) {
	got := &diff.Side{}
	r, err := record.NewReader(in)
	if err != nil {
		return got, err
	}
	defer r.Close()
	m := measuring{Meter: course.NewMeter(explain.NewAccumulator()), side: got}
	st := &story{sinks: []collector.Sink{m}}
	err = st.tell(r, func(e *record.LineError) {
		if e.Cut {
			got.Cut = true
		} else {
			got.Damaged++
		}
		report(e)
	})
	if err != nil {
		return got, err
	}
	got.Course, got.Verdict = m.Course(), m.Verdict()
	return got, nil
}

// measuring is the meter as a sink.
type measuring struct {
	*course.Meter
	side *diff.Side
}

func (m measuring) Frame(f mem.Frame) error {
	if f.Header != nil {
		m.side.Header = *f.Header
	}
	m.Observe(f)
	return nil
}

func (measuring) Flush() error { return nil }
