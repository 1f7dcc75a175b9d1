package load

import (
	"bytes"
	"sync"
)

// longestLine is what is kept of a line.
const longestLine = 16 << 10

// Lines takes a process's output apart into lines, hands each to a function, and
// remembers the last that was not empty. It never fails: who writes is not to be
// disturbed.
type Lines struct {
	mu   sync.Mutex
	each func(line []byte) // may be nil
	part []byte
	last string
}

// NewLines hands each line, without its end, to each, which must not keep it; nil:
// to nobody.
func NewLines(each func(line []byte)) *Lines { return &Lines{each: each} }

// Write takes some bytes.
func (l *Lines) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	n := len(b)
	for {
		line, rest, whole := bytes.Cut(b, []byte("\n"))
		l.part = append(l.part, line[:min(len(line), longestLine-len(l.part))]...)
		if !whole {
			return n, nil
		}
		l.ended()
		b = rest
	}
}

func (l *Lines) ended() {
	line := bytes.TrimSpace(l.part)
	if len(line) > 0 {
		l.last = string(line)
		if l.each != nil {
			l.each(line)
		}
	}
	l.part = l.part[:0]
}

// Last is the last line that was not empty, or what there is of it.
func (l *Lines) Last() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	if part := bytes.TrimSpace(l.part); len(part) > 0 {
		return string(part)
	}
	return l.last
}
