package record

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/klauspost/compress/zstd"

	"whyres/collector/mem"
)

// maxWindow bounds what a compressed recording can make the decoder hold, in
// bytes: enough for `zstd -19`.
const maxWindow = 32 << 20

// Reader reads a recording, compressed or not.
type Reader struct {
	source *source
	lines  lineReader
	zstd   *zstd.Decoder
	names  interner
	line   int
	opened bool
	end    error // what every further call gives
}

// NewReader makes a Reader over in. It reads nothing but what tells a
// compressed recording from a plain one; what is wrong with the input, Next
// says. Close must be called at the end; it does not close in.
func NewReader(in io.Reader) (*Reader, error) {
	src := &source{in: in}
	r := &Reader{source: src, lines: lineReader{in: bufio.NewReaderSize(src, 64<<10)}}
	magic, err := r.lines.in.Peek(4)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("read recording: %w", err)
	}
	if !bytes.Equal(magic, []byte{0x28, 0xb5, 0x2f, 0xfd}) {
		return r, nil
	}
	r.zstd, err = zstd.NewReader(r.lines.in,
		zstd.WithDecoderConcurrency(1),
		zstd.WithDecoderLowmem(true),
		zstd.WithDecoderMaxWindow(maxWindow))
	if err != nil {
		return nil, fmt.Errorf("read compressed recording: %w", err)
	}
	r.lines.in = bufio.NewReaderSize(r.zstd, 64<<10)
	return r, nil
}

// Close frees the decompressor.
func (r *Reader) Close() {
	if r.zstd != nil {
		r.zstd.Close()
	}
}

// Compressed reports whether the recording is a zstd stream.
func (r *Reader) Compressed() bool { return r.zstd != nil }

// Line is the number of the line that Next read last, from 1.
func (r *Reader) Line() int { return r.line }

// Next is the next frame, the header first. Its At is the instant that its item
// carries (a header's Mono). Errors:
//   - io.EOF at the end;
//   - *LineError for a damaged line: the next call goes on after it;
//   - ErrNotRecording or ErrNewer where the first line is no header of ours;
//   - any other error is the input's own. These last two kinds stay.
func (r *Reader) Next() (mem.Frame, error) {
	for r.end == nil {
		r.line++
		line, ended, err := r.lines.next()
		if err != nil {
			return mem.Frame{}, r.noLine(err)
		}
		if !r.opened {
			return r.open(line)
		}
		f, err := decodeLine(line, &r.names)
		switch {
		case err != nil && !ended:
			r.end = io.EOF
			return mem.Frame{}, &LineError{Line: r.line, Cut: true, Err: err}
		case err != nil:
			return mem.Frame{}, &LineError{Line: r.line, Err: err}
		case items(f) == 1:
			return f, nil
		}
	}
	return mem.Frame{}, r.end
}

// open reads the first line, which must be the header.
func (r *Reader) open(line []byte) (mem.Frame, error) {
	f, err := decodeHeader(line)
	if err != nil {
		r.end = err
		return mem.Frame{}, err
	}
	r.opened = true
	return f, nil
}

// noLine turns the failure to get a line into what Next gives.
func (r *Reader) noLine(err error) error {
	switch {
	case errors.Is(err, ErrTooLong):
		if !r.opened {
			r.end = fmt.Errorf("%w: its first line is no header", ErrNotRecording)
			return r.end
		}
		return &LineError{Line: r.line, Err: err}
	case errors.Is(err, io.EOF):
		r.end = io.EOF
		if !r.opened {
			r.end = fmt.Errorf("%w: it is empty", ErrNotRecording)
		}
		return r.end
	case r.zstd != nil && r.source.err == nil:
		return r.noMore(err)
	}
	r.end = fmt.Errorf("read recording, line %d: %w", r.line, err)
	return r.end
}

// noMore ends a compressed recording that cannot be decompressed any further.
func (r *Reader) noMore(err error) error {
	what := "the compressed data is damaged"
	if errors.Is(err, io.ErrUnexpectedEOF) {
		what = "the compressed data ends too soon"
	}
	if !r.opened {
		r.end = fmt.Errorf("%w: %s before its header: %w", ErrNotRecording, what, err)
		return r.end
	}
	r.end = io.EOF
	return &LineError{Line: r.line, Cut: true, Err: fmt.Errorf("%s: %w", what, err)}
}

// source is the input. It remembers its own failure, which the decompressor
// would otherwise hand on as if the data were damaged.
type source struct {
	in  io.Reader
	err error
}

func (s *source) Read(p []byte) (int, error) {
	n, err := s.in.Read(p)
	if err != nil && !errors.Is(err, io.EOF) {
		s.err = err
	}
	return n, err
}

// schemaOf splits "whyres/record/1" into its family and version.
func schemaOf(schema string) (family, version string) {
	i := strings.LastIndexByte(schema, '/')
	if i < 0 {
		return "", ""
	}
	return schema[:i], schema[i+1:]
}
