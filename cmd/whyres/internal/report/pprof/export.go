package pprof

import (
	"cmp"
	"encoding/binary"
	"io"
	"slices"

	"whyres/collector/mem"
)

// Bounds on what is kept: the names in a recording are whatever stands there. What
// comes when either is reached counts in one sample that says so.
const (
	maxSamples = 1 << 16
	maxText    = 64 << 20
)

// Export gathers a recording's calls by stack and kind. Its size does not grow with
// the length of the recording, but for the stacks that differ.
type Export struct {
	header      *mem.Header
	target      int
	seen        bool
	first, last mem.Instant

	samples map[string]*sample
	order   []*sample // as they first showed
	text    int
	rest    *sample
	key     []byte

	others  uint64 // calls of other processes
	untimed uint64
	unknown uint64 // calls that may have changed RES by nobody knows how much
	execs   int
	lost    uint64
	damaged uint64 // lines of the recording that could not be read
	cut     int    // the line that the recording was cut short in, 0 for none
}

// sample is what calls with the same stack and labels come to.
type sample struct {
	stack []string // leaf first
	cut   bool     // the stack was deeper
	kind  kind
	values
}

// kind is what a sample's labels say.
type kind struct {
	call   mem.Call
	advice string
	who    mem.Who
	errno  string
}

// New is ready for the first frame.
func New() *Export { return &Export{samples: map[string]*sample{}} }

// Observe takes the next frame, and keeps nothing that it points to. It fails on
// nothing that a recording can hold.
func (x *Export) Observe(f mem.Frame) error {
	if !x.seen {
		x.first, x.seen = f.At, true
	}
	x.last = max(x.last, f.At)
	switch {
	case f.Header != nil:
		h := *f.Header
		h.Missing = slices.Clone(h.Missing)
		x.header, x.target, x.first = &h, h.Process.PID, h.Mono
	case f.Event != nil:
		x.observeEvent(f.Event)
	case f.Mark != nil && f.Mark.Kind == mem.MarkExec && x.mine(f.Mark.PID):
		x.execs++
	case f.Lost != nil:
		x.lost = max(x.lost, f.Lost.Total)
	}
	return nil
}

// Damaged takes in that a line of the recording could not be read, and whether the
// recording ends with it.
func (x *Export) Damaged(line int, cut bool) {
	if cut {
		x.cut = line
		return
	}
	x.damaged++
}

// mine is as the verdict takes it: the first process that shows is the target
// where no header told.
func (x *Export) mine(pid int) bool {
	if x.target == 0 {
		x.target = pid
	}
	return pid == x.target
}

func (x *Export) observeEvent(e *mem.Event) {
	if !x.mine(e.PID) {
		x.others++
		return
	}
	if !timed(e) {
		x.untimed++
	}
	if e.Noted(mem.NoteRSSUnknown) && e.Attributed == 0 {
		x.unknown++
	}
	x.sample(e).add(valuesOf(e))
}

// sample is the one that the call counts in.
func (x *Export) sample(e *mem.Event) *sample {
	s := sample{
		stack: e.Stack, cut: e.Noted(mem.NoteStackCut),
		kind: kind{call: e.Call, advice: e.Advice, who: cmp.Or(e.Who, mem.WhoUnknown), errno: e.Errno},
	}
	x.key = s.appendKey(x.key[:0])
	if there := x.samples[string(x.key)]; there != nil {
		return there
	}
	if len(x.order) >= maxSamples || x.text+len(x.key) > maxText {
		if x.rest == nil {
			x.rest = &sample{stack: []string{tooMany}}
		}
		return x.rest
	}
	x.text += len(x.key)
	s.stack = slices.Clone(s.stack)
	x.samples[string(x.key)] = &s
	x.order = append(x.order, &s)
	return &s
}

// appendKey appends what tells samples apart. Each text goes with its length, so
// that no text can look like two.
func (s *sample) appendKey(b []byte) []byte {
	text := func(t string) { b = append(binary.AppendUvarint(b, uint64(len(t))), t...) }
	text(string(s.kind.call))
	text(s.kind.advice)
	text(string(s.kind.who))
	text(s.kind.errno)
	if s.cut {
		text(cutOff)
	}
	for _, name := range s.stack {
		text(name)
	}
	return b
}

// WriteTo writes the profile, compressed as `go tool pprof` wants it. More frames
// may follow.
func (x *Export) WriteTo(w io.Writer) (int64, error) {
	counted := &counter{w: w}
	err := x.build().Write(counted)
	return counted.n, err
}

// counter counts what it hands on.
type counter struct {
	w io.Writer
	n int64
}

func (c *counter) Write(b []byte) (int, error) {
	n, err := c.w.Write(b)
	c.n += int64(n)
	return n, err
}
