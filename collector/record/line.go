package record

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
)

// MaxLine is the longest line of a recording, in bytes: a full sample with
// some hundred thousand mappings.
const MaxLine = 16 << 20

// maxValues bounds the values of a line by its commas: an array of "0,0,0"
// would otherwise become fifty times its size once decoded.
const maxValues = 1 << 20

// checkLine refuses a line that decodes to more than whyres ever writes. The
// Writer asks it too, so that what is written can be read.
func checkLine(line []byte) error {
	if len(line) > MaxLine {
		return fmt.Errorf("%w: %d bytes, at most %d", ErrTooLong, len(line), MaxLine)
	}
	if len(line) > maxValues && bytes.Count(line, []byte{','}) > maxValues {
		return fmt.Errorf("%w: more than %d values", ErrTooLong, maxValues)
	}
	return nil
}

// lineReader gives one line at a time and never holds more than MaxLine of it.
type lineReader struct {
	in    *bufio.Reader
	long  []byte // a line that passes in's buffer is put together here
	begun bool   // a line has been read
}

// next is the next line without its end, valid until the next call. ended
// reports that a newline closed it. At the end of the input err is io.EOF. A
// line above MaxLine is passed over and gives ErrTooLong.
func (l *lineReader) next() (line []byte, ended bool, err error) {
	line, err = l.in.ReadSlice('\n')
	if errors.Is(err, bufio.ErrBufferFull) {
		line, err = l.gather(line)
	}
	l.begun = true
	switch {
	case err == nil:
		return line[:len(line)-1], true, nil
	case errors.Is(err, io.EOF) && len(line) > 0:
		return line, false, nil
	}
	return line, false, err
}

// gather puts a line together out of several buffers.
func (l *lineReader) gather(head []byte) ([]byte, error) {
	l.long = append(l.long[:0], head...)
	for {
		part, err := l.in.ReadSlice('\n')
		if len(l.long)+len(part) > MaxLine+1 {
			return nil, l.skip(err)
		}
		l.long = append(l.long, part...)
		if !errors.Is(err, bufio.ErrBufferFull) {
			return l.long, err
		}
	}
}

// skip passes over the rest of a line, err being how the last read ended. Not of the
// first: the input is none of ours, and may have no end (/dev/zero).
func (l *lineReader) skip(err error) error {
	for l.begun && errors.Is(err, bufio.ErrBufferFull) {
		_, err = l.in.ReadSlice('\n')
	}
	if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, bufio.ErrBufferFull) {
		return err
	}
	return fmt.Errorf("%w: above %d bytes", ErrTooLong, MaxLine)
}
