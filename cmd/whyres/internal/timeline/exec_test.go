package timeline

import (
	"strings"
	"testing"

	"whyres/collector/mem"
)

// becomes is a shell of 10 MiB that runs another program at 2 s.
func becomes(from string, to *mem.Process) []mem.Frame {
	s := &teller{rss: mem.RSS{File: mibs(2)}}
	s.header(mem.Header{Attach: "fentry", Process: mem.Process{PID: storyPID, Comm: "sh", GoVersion: from}})
	s.sample(0.1, 8)
	s.frames[1].Sample.MemStats, s.frames[1].Sample.GoProblem = nil, "not a Go program"
	s.mark(2, mem.Mark{Kind: mem.MarkExec, Comm: "server", Process: to})
	s.rss = mem.RSS{File: mibs(1)}
	s.call(2.001, mib, reserve(4, 3))
	s.heapIs(1.5, 0.5, 2)
	s.sample(2.2, 1)
	s.sample(3, 6)
	s.mark(4, mem.Mark{Kind: mem.MarkEnd, Why: "interrupt"})
	return s.frames
}

// TestExecOfTarget: a program with another Go gets a line of its own and the
// columns that it has; its memory is not the old one's that fell.
func TestExecOfTarget(t *testing.T) {
	server := &mem.Process{PID: storyPID, Comm: "server", GoVersion: "go1.26.8"}
	want := `sh · pid 4242 · not Go
    sizes in MiB
    +time     RES      change
   +0.00s    10.0 MiB          · start     attached
   +2.00s     1.0 MiB    -9.0  ⇢ exec      server
server · pid 4242 · go1.26.8
    idle: free in the heap and not released
    +time     RES      change  in use   idle released
   +2.00s     2.0 MiB    +1.0     1.5    0.5      2.0  ▲ grew      mmap: 4.0 MiB · brought 1.0 into RES · heap growth
   +3.00s     7.0 MiB    +5.0     1.5    0.5      2.0  ▲ grew      faulted in, no call
`
	if got := render(t, Options{}, becomes("", server)); !strings.HasPrefix(got, want) {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	for name, c := range map[string]struct {
		from string
		to   *mem.Process
		line string
	}{
		"another version":    {"go1.21.13", server, "server · pid 4242 · go1.26.8\n    +time     RES      change  in use"},
		"no Go any more":     {"go1.26.8", &mem.Process{Comm: "sh\x1b"}, "sh\\x1b · pid 4242 · not Go\n    +time     RES      change\n"},
		"the same Go":        {"go1.26.8", server, ""},
		"not Go as before":   {"", &mem.Process{Comm: "cat"}, ""},
		"it ended too early": {"", nil, ""},
	} {
		got := render(t, Options{}, becomes(c.from, c.to))
		if heads := strings.Count(got, "+time"); !strings.Contains(got, c.line) || heads != 1+min(len(c.line), 1) {
			t.Errorf("%s: %d heads:\n%s", name, heads, got)
		}
	}
}
