package pprof

import (
	"bytes"
	"io"
	"math"
	"strconv"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"whyres/collector/mem"
)

func TestEmpty(t *testing.T) {
	for name, frames := range map[string][]mem.Frame{
		"nothing": nil, "a header": handBuilt()[:1], "an empty frame": {{}},
		"an event without a header": {{Event: &mem.Event{PID: 7, Call: mem.Mmap, Len: 5}}},
	} {
		t.Run(name, func(t *testing.T) {
			want := int64(0)
			for _, f := range frames {
				if f.Event != nil {
					want++
				}
			}
			if got := totals(parsed(t, exported(t, frames)))["calls"]; got != want {
				t.Errorf("%d calls, want %d", got, want)
			}
		})
	}
}

// TestHostile: numbers at their limits and names that are no text.
func TestHostile(t *testing.T) {
	long := strings.Repeat("x", mib)
	frames := []mem.Frame{{Header: &mem.Header{Time: time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC), Mono: -5, Process: mem.Process{PID: -1, Comm: "\x1b[31m\xff", Exe: long}}}}
	for _, name := range []string{"\x1b[31m\xff\x00", long, "", "\u2028"} {
		e := &mem.Event{
			At: math.MinInt64, Dur: math.MinInt64, PID: -1, Call: mem.Call(name), Advice: "MADV_DONTNEED", Len: math.MaxUint64,
			Attributed: math.MaxInt64, Who: mem.Who(name), Errno: name, Stack: []string{name, name},
		}
		frames = append(frames, mem.Frame{At: math.MaxInt64, Event: e}, mem.Frame{At: math.MinInt64, Event: e})
	}
	file := exported(t, frames)
	p := parsed(t, file)
	if got, want := totals(p)["calls"], int64(8); got != want {
		t.Errorf("%d calls, want %d", got, want)
	}
	if len(file) > 64<<10 {
		t.Errorf("%d bytes", len(file))
	}
	for _, f := range p.Function {
		if !utf8.ValidString(f.Name) || strings.ContainsAny(f.Name, "\x1b\x00") || len(f.Name) > 4*maxName {
			t.Errorf("a name goes out as %q", f.Name)
		}
	}
}

// TestManyStacks: a recording whose stacks all differ stays bounded, and loses no
// call.
func TestManyStacks(t *testing.T) {
	x := New()
	const more = 1000
	for i := range maxSamples + more {
		e := &mem.Event{PID: 1, Call: mem.Mmap, Len: 1, Stack: []string{strconv.Itoa(i)}}
		if err := x.Observe(mem.Frame{Event: e}); err != nil {
			t.Fatal(err)
		}
	}
	if len(x.samples) != maxSamples {
		t.Errorf("%d samples", len(x.samples))
	}
	var out bytes.Buffer
	if _, err := x.WriteTo(&out); err != nil {
		t.Fatal(err)
	}
	p := parsed(t, out.Bytes())
	if got := totals(p)["calls"]; got != maxSamples+more {
		t.Errorf("%d calls", got)
	}
	last := p.Sample[len(p.Sample)-1]
	if name := last.Location[0].Line[0].Function.Name; name != tooMany || last.Value[calls] != more {
		t.Errorf("%s: %d", name, last.Value[calls])
	}
}

// TestFast: 200,000 events in less than 2 s, of which a fraction is needed.
func TestFast(t *testing.T) {
	frames := handBuilt()
	x := New()
	begun := time.Now()
	for i := range 200_000 {
		if err := x.Observe(frames[1+i%7]); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := x.WriteTo(io.Discard); err != nil {
		t.Fatal(err)
	}
	if took := time.Since(begun); took > 2*time.Second {
		t.Errorf("took %v", took)
	}
}

func FuzzExport(f *testing.F) {
	f.Add("main.f", "MADV_DONTNEED", "EINVAL", uint64(4096), int64(-4096), 42)
	f.Add("\xff\x1b[31m\u2028", "\"", "", uint64(math.MaxUint64), int64(math.MinInt64), -1)
	f.Fuzz(func(t *testing.T, name, advice, errno string, size uint64, n int64, pid int) {
		frames := handBuilt()
		frames = append(frames, mem.Frame{At: mem.Instant(n), Event: &mem.Event{
			At: mem.Instant(n), Dur: n, PID: pid, Call: mem.Call(name), Advice: advice, Errno: errno, Len: size, Attributed: n,
			Stack: []string{name, advice}, Who: mem.Who(errno),
		}}, mem.Frame{At: mem.Instant(n), Header: &mem.Header{Mono: mem.Instant(n), Tool: name, Process: mem.Process{PID: pid, Exe: advice}}})
		want := handBuiltTotals["calls"]
		if pid == 42 {
			want++
		}
		if got := totals(parsed(t, exported(t, frames)))["calls"]; got != want {
			t.Errorf("%d calls, want %d", got, want)
		}
	})
}
