package record

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"

	"github.com/klauspost/compress/zstd"

	"whyres/collector/mem"
)

// writeAt is how many bytes a Writer gathers before it passes them on.
const writeAt = 64 << 10

// Writer writes a recording. Its methods must not be called at the same time.
// What it passes on are whole lines always; the first error stays.
type Writer struct {
	out    io.Writer
	zstd   *zstd.Encoder
	lines  []byte
	opened bool
	err    error
}

// WriterOption is a choice for NewWriter.
type WriterOption func(*Writer) error

// Zstd compresses the recording. Each Flush ends a block, so that a recording
// cut short replays up to there.
func Zstd() WriterOption {
	return func(w *Writer) error {
		enc, err := zstd.NewWriter(w.out,
			zstd.WithEncoderLevel(zstd.SpeedFastest),
			zstd.WithEncoderConcurrency(1),
			zstd.WithWindowSize(1<<20))
		if err != nil {
			return fmt.Errorf("start zstd: %w", err)
		}
		w.zstd, w.out = enc, enc
		return nil
	}
}

// NewWriter makes a Writer over out. Close must be called at the end; it does
// not close out.
func NewWriter(out io.Writer, options ...WriterOption) (*Writer, error) {
	w := &Writer{out: out, lines: make([]byte, 0, writeAt+writeAt/4)}
	for _, option := range options {
		if err := option(w); err != nil {
			return nil, err
		}
	}
	return w, nil
}

// Write adds one frame as one line; the first one must be the header. A frame
// that is refused (ErrFrame, ErrNoHeader, ErrTooLong) leaves the recording
// whole and the Writer usable; an error of the writer underneath stays.
func (w *Writer) Write(f mem.Frame) error {
	if w.err != nil {
		return w.err
	}
	if err := w.admit(f); err != nil {
		return err
	}
	before := len(w.lines)
	lines, err := appendFrame(w.lines, f)
	if err == nil {
		err = checkLine(lines[before:])
	}
	if err != nil {
		w.lines = lines[:before]
		return err
	}
	lines = append(lines, '\n')
	w.lines = lines
	w.opened = true
	if len(w.lines) >= writeAt {
		return w.pass()
	}
	return nil
}

// Frame is Write under the name that the collector's sinks have.
func (w *Writer) Frame(f mem.Frame) error { return w.Write(f) }

// admit refuses frames that would make the recording unreadable.
func (w *Writer) admit(f mem.Frame) error {
	switch {
	case items(f) != 1:
		return ErrFrame
	case f.Header == nil && !w.opened:
		return ErrNoHeader
	case f.Header != nil && w.opened:
		return fmt.Errorf("%w: and has no second one", ErrNoHeader)
	case f.Header != nil && f.Header.Schema != "" && f.Header.Schema != mem.Schema:
		return fmt.Errorf("cannot write schema %q: this is a writer of %s", f.Header.Schema, mem.Schema)
	}
	return nil
}

func items(f mem.Frame) int {
	n := 0
	for _, set := range [...]bool{f.Header != nil, f.Event != nil, f.Sample != nil, f.Mark != nil, f.Lost != nil} {
		if set {
			n++
		}
	}
	return n
}

// Flush passes on all that was written so far: up to here the recording
// survives the death of its process.
func (w *Writer) Flush() error {
	if err := w.pass(); err != nil {
		return err
	}
	if w.zstd == nil {
		return nil
	}
	return w.keep(w.zstd.Flush())
}

// Close flushes and ends the compressed stream.
func (w *Writer) Close() error {
	err := w.pass()
	if w.zstd == nil {
		return err
	}
	if end := w.zstd.Close(); err == nil {
		err = w.keep(end)
	}
	return err
}

// pass hands the gathered lines to the writer underneath.
func (w *Writer) pass() error {
	if w.err != nil || len(w.lines) == 0 {
		return w.err
	}
	_, err := w.out.Write(w.lines)
	w.lines = w.lines[:0]
	if cap(w.lines) > 4*writeAt {
		w.lines = make([]byte, 0, writeAt+writeAt/4)
	}
	return w.keep(err)
}

// keep remembers the first error: after a short write a further line would
// stand in the middle of a broken one.
func (w *Writer) keep(err error) error {
	if err != nil && w.err == nil {
		w.err = fmt.Errorf("write recording: %w", err)
	}
	return w.err
}

// appendFrame appends the frame as one JSON object.
func appendFrame(b []byte, f mem.Frame) ([]byte, error) {
	switch {
	case f.Event != nil:
		return appendEvent(b, f.Event), nil
	case f.Header != nil:
		header := *f.Header
		header.Schema = mem.Schema
		return appendJSON(b, struct {
			Type string `json:"type"`
			*mem.Header
		}{"header", &header})
	case f.Sample != nil:
		return appendJSON(b, struct {
			Type string `json:"type"`
			*mem.Sample
		}{"sample", f.Sample})
	case f.Mark != nil:
		return appendJSON(b, struct {
			Type string `json:"type"`
			*mem.Mark
		}{"mark", f.Mark})
	case f.Lost != nil:
		return appendJSON(b, struct {
			Type string `json:"type"`
			*mem.Lost
		}{"lost", f.Lost})
	}
	return b, ErrFrame
}

// appendJSON appends v, which holds a frame's item beside its type.
func appendJSON(b []byte, v any) ([]byte, error) {
	out := bytes.NewBuffer(b)
	enc := json.NewEncoder(out)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return b, fmt.Errorf("encode frame: %w", err)
	}
	return bytes.TrimSuffix(out.Bytes(), []byte("\n")), nil
}
