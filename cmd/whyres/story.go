package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"strings"

	"whyres/cmd/whyres/internal/timeline"
	"whyres/collector"
	"whyres/collector/explain"
	"whyres/collector/kernel"
	"whyres/collector/ledger"
	"whyres/collector/mem"
	"whyres/collector/record"
)

// story is what trace and replay share: the frames come in, the timeline or
// JSON lines go out, and at the end the verdict.
type story struct {
	sinks   []collector.Sink
	out     io.Writer
	explain *explain.Accumulator
	shown   *timeline.Timeline // nil with --json
	lines   *record.Writer     // nil without
	cpu     bool
	closers []io.Closer
	say     func(format string, args ...any)
	broken  error // why the recording stopped
}

// pace is how a story's frames come: as things happen, or all at once.
type pace int

const (
	live pace = iota
	replayed
)

// newStory tells a story on s.out, and records it if file is not nil.
func newStory(s streams, d display, file io.WriteCloser, p pace) (*story, error) {
	st := &story{out: s.out, explain: explain.NewAccumulator(), cpu: true, say: s.say}
	st.sinks = append(st.sinks, explaining{st.explain})
	if file != nil {
		if err := st.record(file); err != nil {
			return st, err
		}
	}
	if d.json {
		w, err := record.NewWriter(s.out)
		if err != nil {
			return st, err
		}
		st.lines = w
		st.sinks = append(st.sinks, &divider{recorder: recorder{w}})
		return st, nil
	}
	o := d.options(s.out)
	o.Live = p == live && screenRows(s.out) > 0
	st.shown = timeline.New(s.out, o)
	st.sinks = append(st.sinks, st.shown)
	return st, nil
}

// record adds the recording as a sink.
func (s *story) record(to io.WriteCloser) error {
	s.closers = append(s.closers, to)
	var options []record.WriterOption
	if named, ok := to.(interface{ Name() string }); ok && strings.HasSuffix(named.Name(), ".zst") {
		options = append(options, record.Zstd())
	}
	w, err := record.NewWriter(to, options...)
	if err != nil {
		return err
	}
	s.closers = append(s.closers, w)
	s.sinks = append(s.sinks, &recording{to: w, story: s})
	return nil
}

// errTold stands for what the person has been told already.
var errTold = errors.New("")

// end tells the verdict. That a recording broke off is a failure too.
func (s *story) end() error {
	if s.broken != nil {
		return errors.Join(s.verdict(), errTold)
	}
	return s.verdict()
}

func (s *story) verdict() error {
	verdict := s.explain.Verdict()
	v := &verdict
	if s.lines != nil {
		return errors.Join(s.lines.Flush(), writeVerdict(s.out, v))
	}
	if s.cpu {
		if used, err := kernel.OwnCPU(); err == nil {
			s.shown.Overhead(used)
		}
	}
	return errors.Join(s.shown.Verdict(v), s.shown.Close())
}

// close ends the recording.
func (s *story) close() error {
	var failed []error
	for i := len(s.closers) - 1; i >= 0; i-- {
		failed = append(failed, s.closers[i].Close())
	}
	s.closers = nil
	if s.broken != nil {
		return nil //nolint:nilerr // closing a broken recording has nothing to add
	}
	return errors.Join(failed...)
}

// explaining is the accumulator as a sink.
type explaining struct{ *explain.Accumulator }

func (e explaining) Frame(f mem.Frame) error { e.Observe(f); return nil }
func (explaining) Flush() error              { return nil }

// recorder is a recording's writer as a sink.
type recorder struct{ *record.Writer }

func (r recorder) Frame(f mem.Frame) error { return r.Write(f) }

// divider is a recorder that adds the ledger to each full sample.
type divider struct {
	recorder
	process mem.Process
}

func (d *divider) Frame(f mem.Frame) error {
	switch {
	case f.Header != nil:
		d.process = f.Header.Process
	case f.Mark != nil && f.Mark.Kind == mem.MarkExec && f.Mark.PID == d.process.PID:
		d.process = mem.Process{PID: f.Mark.PID, Comm: f.Mark.Comm}
		if f.Mark.Process != nil {
			d.process = *f.Mark.Process
		}
	case f.Sample != nil && f.Sample.Full():
		s := *f.Sample // other sinks have the same one
		s.Ledger = ledger.Build(&s, d.process).Parts
		f.Sample = &s
	}
	return d.recorder.Frame(f)
}

// recording is the file's writer as a sink. A full disk ends the recording, and
// is said at once, but not the trace.
type recording struct {
	to    *record.Writer
	story *story
}

func (r *recording) Frame(f mem.Frame) error { return r.guard(func() error { return r.to.Write(f) }) }
func (r *recording) Flush() error            { return r.guard(r.to.Flush) }

func (r *recording) guard(do func() error) error {
	if r.story.broken != nil {
		return nil //nolint:nilerr // told when it broke
	}
	if r.story.broken = do(); r.story.broken != nil {
		r.story.say("%s", oneLine(r.story.broken))
	}
	return nil
}

// writeVerdict writes the verdict as one JSON line of type "verdict".
func writeVerdict(w io.Writer, v *explain.Verdict) error {
	object, err := json.Marshal(v)
	if err != nil {
		return err
	}
	line := append([]byte(`{"type":"verdict",`), bytes.TrimPrefix(object, []byte("{"))...)
	_, err = w.Write(append(withoutC1(line), '\n'))
	return err
}
