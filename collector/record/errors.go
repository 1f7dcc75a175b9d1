package record

import (
	"errors"
	"fmt"
)

// Sentinels of this package. Those that a Reader gives for a single line come
// wrapped in a *LineError.
var (
	// ErrNotRecording: the input is not a recording of whyres at all.
	ErrNotRecording = errors.New("not a whyres recording")
	// ErrNewer: the input is a recording of a schema that this version of
	// whyres does not know.
	ErrNewer = errors.New("made by a newer whyres")
	// ErrTooLong: a line passes MaxLine bytes, or holds too many values.
	ErrTooLong = errors.New("line too long")
	// ErrNoHeader: the first frame given to a Writer is no header.
	ErrNoHeader = errors.New("a recording starts with its header")
	// ErrFrame: a frame given to a Writer does not carry exactly one item.
	ErrFrame = errors.New("a frame carries exactly one of header, event, sample, mark, lost")
)

// LineError says that one line of a recording is damaged. Reading goes on with
// the next line, unless Cut is set.
type LineError struct {
	// Line counts from 1, in the uncompressed text.
	Line int
	// Cut: the input ends within this line, or cannot be decompressed any
	// further. The next call of Next gives io.EOF.
	Cut bool
	Err error
}

// Error says which line, and what is wrong with it.
func (e *LineError) Error() string {
	if e.Cut {
		return fmt.Sprintf("recording cut short in line %d: %v", e.Line, e.Err)
	}
	return fmt.Sprintf("recording line %d: %v", e.Line, e.Err)
}

// Unwrap gives the cause.
func (e *LineError) Unwrap() error { return e.Err }
