package main

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"

	"whyres/cmd/whyres/internal/lab"
	"whyres/cmd/whyres/internal/report"
	"whyres/cmd/whyres/internal/timeline"
	"whyres/collector"
	"whyres/collector/record"
)

// reportInput is what a report is made of.
type reportInput struct {
	recordings []*report.Recording
	named      []*report.Recording // those of them that are no lab's
	lab        *lab.Result
	page       *report.Lab
}

// readAll reads every file. The first that cannot be read ends it.
func readAll(s streams, progress *reads, paths []string) (*reportInput, error) {
	in := &reportInput{}
	for _, path := range paths {
		if err := in.read(s, progress, path, len(paths)); err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
	}
	return in, nil
}

// read takes in one file: a recording, a lab's results, or its folder.
func (in *reportInput) read(s streams, progress *reads, path string, among int) error {
	from := s.in
	if path != "-" {
		if info, err := os.Stat(path); err == nil && info.IsDir() {
			return in.readLab(s, progress, path)
		}
		f, err := os.Open(path)
		if err != nil {
			return withoutPath(err)
		}
		defer func() { _ = f.Close() }() // only read
		from = f
	}
	buffered := bufio.NewReaderSize(progress.open(from, path), 64<<10)
	head, err := buffered.Peek(schemaWithin)
	if err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	if beginsLab(head) {
		return in.readResults(s, progress, path, buffered)
	}
	if err := in.readOne(s, buffered, named{path, path}, among); err != nil {
		return err
	}
	in.named = append(in.named, in.recordings[len(in.recordings)-1])
	return nil
}

// withoutPath is why a file cannot be opened; who asks says which.
func withoutPath(err error) error {
	var p *os.PathError
	if errors.As(err, &p) {
		return p.Err
	}
	return err
}

// beginsLab: an object whose first field says so.
func beginsLab(head []byte) bool {
	return bytes.HasPrefix(bytes.Join(bytes.Fields(head), nil), []byte(`{"schema":"whyres/lab/`))
}

// named is a recording's file, and what the page calls it.
type named struct{ path, name string }

// readOne feeds a recording through the code that replays it.
func (in *reportInput) readOne(s streams, from io.Reader, n named, among int) error {
	r, err := record.NewReader(from)
	if err != nil {
		return err
	}
	defer r.Close()
	g := report.NewGatherer(among)
	var damage report.Damage
	st := &story{sinks: []collector.Sink{g}}
	err = st.tell(r, func(e *record.LineError) {
		damage.Cut = damage.Cut || e.Cut
		if !e.Cut {
			damage.Lines++
		}
		s.sayOver("%s: %s", timeline.Clean(n.path, 200), oneLine(e))
	})
	if err != nil {
		return err
	}
	id := "r" + strconv.Itoa(len(in.recordings))
	in.recordings = append(in.recordings, g.Recording(id, n.name, damage, words()))
	return nil
}

// title names the page.
func (in *reportInput) title() string {
	switch {
	case in.lab != nil:
		return "whyres lab"
	case len(in.recordings) == 1:
		return in.recordings[0].Title()
	}
	return fmt.Sprintf("%d recordings", len(in.recordings))
}

// json prints the lab's result, and the verdict of each recording that is no lab's:
// those of a lab are in its folder.
func (in *reportInput) json(out io.Writer) error {
	if in.lab != nil {
		if err := printJSON(out, in.lab); err != nil {
			return err
		}
	}
	for _, r := range in.named {
		if err := printJSON(out, &r.Verdict); err != nil {
			return err
		}
	}
	return nil
}
