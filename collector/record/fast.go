package record

import (
	"math"
	"unicode/utf8"

	"whyres/collector/mem"
)

// decodeFast decodes an event's line that looks exactly as this package writes
// it, ten times as fast as encoding/json, which replays of millions of events
// need. It reports false for any other line: that one encoding/json decodes.
// FuzzFastDecoder holds it to encoding/json.
func decodeFast(line []byte, names *interner) (*mem.Event, bool) {
	s := scanner{rest: line, names: names}
	e := new(mem.Event)
	s.call(e)
	s.arguments(e)
	s.outcome(e)
	s.want(`}`)
	return e, !s.failed && len(s.rest) == 0
}

// scanner reads what appendEvent writes. Once something differs it has failed,
// and reads zeros.
type scanner struct {
	rest   []byte
	names  *interner
	failed bool
}

// call reads the fields that every call begins with.
func (s *scanner) call(e *mem.Event) {
	s.want(`{"type":"event","t":`)
	e.At = mem.Instant(s.int())
	s.want(`,"dur_ns":`)
	e.Dur = s.int()
	s.want(`,"pid":`)
	e.PID = int(s.int())
	s.want(`,"tid":`)
	e.TID = int(s.int())
	s.want(`,"call":`)
	e.Call = mem.Call(s.text())
	s.want(`,"addr":`)
	e.Addr = s.addr()
	s.want(`,"len":`)
	e.Len = s.uint(math.MaxUint64)
}

// outcome reads what the call brought, and who made it.
func (s *scanner) outcome(e *mem.Event) {
	s.want(`,"ret":`)
	e.Ret = s.int()
	s.want(`,"errno":`)
	e.Errno = s.text()
	s.want(`,"rss_before":`)
	e.Before = s.rss()
	s.want(`,"rss_after":`)
	e.After = s.rss()
	s.want(`,"attributed":`)
	e.Attributed = s.int()
	if s.has(`,"to_allocator":`) {
		freed := s.int()
		e.ToAllocator = &freed
	}
	if s.has(`,"go":`) {
		e.Go = s.counters()
	}
	s.want(`,"who":`)
	e.Who = mem.Who(s.text())
	if s.has(`,"stack":`) {
		e.Stack = s.texts()
	}
	if s.has(`,"notes":`) {
		e.Notes = s.texts()
	}
}

func (s *scanner) arguments(e *mem.Event) {
	if s.has(`,"advice":`) {
		e.Advice = s.text()
	}
	if s.has(`,"prot":`) {
		e.Prot = uint32(s.uint(math.MaxUint32))
	}
	if s.has(`,"map_flags":`) {
		e.MapFlags = uint32(s.uint(math.MaxUint32))
	}
	if s.has(`,"fd":`) {
		e.FD = s.int32()
	}
	if s.has(`,"offset":`) {
		e.Offset = s.uint(math.MaxUint64)
	}
	if s.has(`,"new_len":`) {
		e.NewLen = s.uint(math.MaxUint64)
	}
	if s.has(`,"remap_flags":`) {
		e.RemapFlags = uint32(s.uint(math.MaxUint32))
	}
	if s.has(`,"new_addr":`) {
		e.NewAddr = s.addr()
	}
	if s.has(`,"target_fd":`) {
		e.TargetFD = s.int32()
	}
	if s.has(`,"vectors":`) {
		e.Vectors = s.uint(math.MaxUint64)
	}
	if s.has(`,"name":`) {
		e.Name = s.text()
	}
}

func (s *scanner) rss() (r mem.RSS) {
	s.want(`{"anon":`)
	r.Anon = s.int()
	s.want(`,"file":`)
	r.File = s.int()
	s.want(`,"shmem":`)
	r.Shmem = s.int()
	if s.has(`,"swap":`) {
		r.Swap = s.int()
	}
	s.want(`}`)
	return r
}

func (s *scanner) counters() (g mem.GoCounters) {
	s.want(`{"heap_inuse":`)
	g.HeapInuse = s.uint(math.MaxUint64)
	s.want(`,"heap_released":`)
	g.HeapReleased = s.uint(math.MaxUint64)
	s.want(`,"heap_free":`)
	g.HeapFree = s.uint(math.MaxUint64)
	s.want(`}`)
	return g
}

// has passes over the text if it comes next.
func (s *scanner) has(text string) bool {
	if s.failed || len(s.rest) < len(text) || string(s.rest[:len(text)]) != text {
		return false
	}
	s.rest = s.rest[len(text):]
	return true
}

// want is has for what must come.
func (s *scanner) want(text string) {
	if !s.has(text) {
		s.failed = true
	}
}

// uint reads a number without sign, of at most limit.
func (s *scanner) uint(limit uint64) uint64 {
	v, n := uint64(0), 0
	for ; n < len(s.rest) && '0' <= s.rest[n] && s.rest[n] <= '9'; n++ {
		digit := uint64(s.rest[n] - '0')
		if v > (limit-digit)/10 {
			s.failed = true
			return 0
		}
		v = v*10 + digit
	}
	if n == 0 || n > 1 && s.rest[0] == '0' {
		s.failed = true
		return 0
	}
	s.rest = s.rest[n:]
	return v
}

func (s *scanner) int() int64 {
	if s.has("-") {
		return -int64(s.uint(math.MaxInt64))
	}
	return int64(s.uint(math.MaxInt64))
}

func (s *scanner) int32() int32 {
	v := s.int()
	if v < math.MinInt32 || v > math.MaxInt32 {
		s.failed = true
		return 0
	}
	return int32(v)
}

func (s *scanner) addr() mem.Addr {
	s.want(`"0x`)
	v, n := uint64(0), 0
	for ; n < len(s.rest) && n <= 16; n++ {
		digit, ok := hexValue(s.rest[n])
		if !ok {
			break
		}
		v = v<<4 | digit
	}
	if s.failed || n == 0 || n > 16 {
		s.failed = true
		return 0
	}
	s.rest = s.rest[n:]
	s.want(`"`)
	return mem.Addr(v)
}

func hexValue(c byte) (uint64, bool) {
	switch {
	case '0' <= c && c <= '9':
		return uint64(c - '0'), true
	case 'a' <= c && c <= 'f':
		return uint64(c-'a') + 10, true
	}
	return 0, false
}

// text reads a string that has no escapes.
func (s *scanner) text() string {
	s.want(`"`)
	ascii := true
	for n, c := range s.rest {
		switch {
		case c == '"':
			raw := s.rest[:n]
			s.rest = s.rest[n+1:]
			if s.failed || !ascii && !utf8.Valid(raw) {
				s.failed = true
				return ""
			}
			return s.names.name(raw)
		case c == '\\' || c < ' ':
			s.failed = true
			return ""
		case c >= utf8.RuneSelf:
			ascii = false
		}
	}
	s.failed = true
	return ""
}

// texts reads a list of one string or more.
func (s *scanner) texts() []string {
	s.want(`[`)
	list := append(make([]string, 0, 8), s.text())
	for s.has(`,`) {
		list = append(list, s.text())
	}
	s.want(`]`)
	return list
}

// Bounds of what an interner keeps: a megabyte at most.
const (
	maxNames   = 4096
	maxNameLen = 256
)

// interner keeps one copy of each name: the same few functions call a million
// times.
type interner struct {
	names map[string]string
}

func (in *interner) name(raw []byte) string {
	if len(raw) == 0 {
		return ""
	}
	if name, ok := in.names[string(raw)]; ok {
		return name
	}
	name := string(raw)
	if len(raw) <= maxNameLen && len(in.names) < maxNames {
		if in.names == nil {
			in.names = make(map[string]string)
		}
		in.names[name] = name
	}
	return name
}
