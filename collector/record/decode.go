package record

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"

	"whyres/collector/mem"
)

// decodeHeader decodes the first line. Its errors wrap ErrNotRecording or
// ErrNewer.
func decodeHeader(line []byte) (mem.Frame, error) {
	var head struct {
		Type   string `json:"type"`
		Schema string `json:"schema"`
	}
	if err := json.Unmarshal(line, &head); err != nil || head.Type != "header" {
		return mem.Frame{}, fmt.Errorf("%w: its first line is no header", ErrNotRecording)
	}
	if head.Schema != mem.Schema {
		return mem.Frame{}, wrongSchema(head.Schema)
	}
	h := new(mem.Header)
	err := json.Unmarshal(line, h)
	if err == nil {
		err = checkHeader(h)
	}
	if err != nil {
		return mem.Frame{}, fmt.Errorf("%w: its header is damaged: %w", ErrNotRecording, err)
	}
	return mem.Frame{At: h.Mono, Header: h}, nil
}

func wrongSchema(schema string) error {
	ours, known := schemaOf(mem.Schema)
	family, version := schemaOf(schema)
	if family != ours {
		return fmt.Errorf("%w: its header says schema %.40q", ErrNotRecording, schema)
	}
	v, err := strconv.ParseUint(version, 10, 31)
	k, _ := strconv.ParseUint(known, 10, 31)
	if err == nil && v > k {
		return fmt.Errorf("%w: it has schema %s, this version reads %s; use a newer whyres", ErrNewer, schema, mem.Schema)
	}
	return fmt.Errorf("%w: unknown schema %.40q", ErrNotRecording, schema)
}

// decodeLine decodes a line after the first. A line of a type that is not known
// gives an empty frame.
func decodeLine(line []byte, names *interner) (mem.Frame, error) {
	if err := checkLine(line); err != nil {
		return mem.Frame{}, err
	}
	if e, ok := decodeFast(line, names); ok {
		return mem.Frame{At: e.At, Event: e}, checkEvent(e)
	}
	kind, err := lineType(line)
	if err != nil {
		return mem.Frame{}, err
	}
	switch kind {
	case "event":
		e := new(mem.Event)
		err = decode(line, e, func() error { return checkEvent(e) })
		return mem.Frame{At: e.At, Event: e}, err
	case "sample":
		s := new(mem.Sample)
		err = decode(line, s, func() error { return checkSample(s) })
		return mem.Frame{At: s.At, Sample: s}, err
	case "mark":
		m := new(mem.Mark)
		err = decode(line, m, func() error { return checkMark(m) })
		return mem.Frame{At: m.At, Mark: m}, err
	case "lost":
		l := new(mem.Lost)
		err = decode(line, l, func() error { return checkInstant(l.At) })
		return mem.Frame{At: l.At, Lost: l}, err
	case "header":
		return mem.Frame{}, errors.New("a second header: two recordings were joined; split them before this line")
	}
	return mem.Frame{}, nil
}

func decode(line []byte, into any, check func() error) error {
	if err := json.Unmarshal(line, into); err != nil {
		return err
	}
	return check()
}

// lineType is the line's "type". The Writer puts it first, so that most lines
// need no second decoding.
func lineType(line []byte) (string, error) {
	if rest, ok := bytes.CutPrefix(line, []byte(`{"type":"`)); ok {
		if end := bytes.IndexByte(rest, '"'); end >= 0 && bytes.IndexByte(rest[:end], '\\') < 0 {
			// A type that is not known must be JSON all the same.
			if kind := string(rest[:end]); knownType(kind) {
				return kind, nil
			}
		}
	}
	var head struct {
		Type *string `json:"type"`
	}
	if err := json.Unmarshal(line, &head); err != nil {
		return "", err
	}
	if head.Type == nil {
		return "", errors.New(`no "type"`)
	}
	return *head.Type, nil
}

func knownType(kind string) bool {
	switch kind {
	case "event", "sample", "mark", "lost", "header":
		return true
	}
	return false
}
