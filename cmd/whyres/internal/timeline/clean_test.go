package timeline

import (
	"strings"
	"testing"
	"unicode"

	"whyres/collector/mem"
)

func TestClean(t *testing.T) {
	for in, want := range map[string]string{
		"server":                "server",
		"a\x1b[31mb":            `a\x1b[31mb`,
		"tab\tnl\n":             `tab\x09nl\x0a`,
		"\xff":                  `\xff`,
		"\u009b31m":             `\u009b31m`,
		"\u202eevil":            `\u202eevil`,
		"a\u00a0b":              "a b",
		"漢字":                    "漢字",
		strings.Repeat("x", 50): strings.Repeat("x", 6) + "…" + strings.Repeat("x", 13),
	} {
		if got := clean(in, 20); got != want || width(got) > 20 {
			t.Errorf("clean(%q) = %q, want %q", in, got, want)
		}
	}
}

// hostile is the story with every string of the target replaced.
func hostile(s string) []mem.Frame {
	frames := story()
	for _, f := range frames {
		switch {
		case f.Header != nil:
			f.Header.Process = mem.Process{PID: storyPID, Comm: s, Exe: s, GoVersion: s}
			f.Header.Host.Kernel, f.Header.Host.THP, f.Header.Missing = s, s, []string{s}
		case f.Event != nil:
			f.Event.Stack = []string{s}
			if f.Event.Who == mem.WhoForced {
				f.Event.Call, f.Event.Who = mem.Call(s), mem.Who(s)
			}
			if f.Event.Errno != "" {
				f.Event.Errno, f.Event.Advice = s, s
			}
		case f.Sample != nil:
			f.Sample.GoProblem = s
		case f.Mark != nil:
			f.Mark.Comm, f.Mark.Why = s, s
			if f.Mark.Kind == mem.MarkExec { // the target turns into something else
				f.Mark.PID, f.Mark.Process = storyPID, &mem.Process{Comm: s, Exe: s, GoVersion: s + "1"}
			}
		case f.Lost != nil:
			f.Lost.Reasons = map[string]uint64{s: 7}
		}
	}
	return frames
}

// FuzzNoControl: no string of the target gets a control character into what is
// printed, and a limited width is kept.
func FuzzNoControl(f *testing.F) {
	f.Add("\x1b]0;title\x07", 80)
	f.Add("\r\n\t\x00\x7f\u0085\u009b", 0)
	f.Add("\u202e\u2066\u200b", 50)
	f.Add("漢字漢字漢字", 44)
	f.Add(strings.Repeat("long name ", 100), 120)
	f.Add(strings.Repeat("x", 1000), 40)
	f.Fuzz(func(t *testing.T, s string, w int) {
		w = max(min(w, 300), 0)
		if w > 0 {
			w = max(w, 40)
		}
		for _, o := range []Options{{Width: w}, {Width: w, ASCII: true}, {Width: w, Verbose: true}} {
			for line := range strings.Lines(render(t, o, hostile(s))) {
				line = strings.TrimSuffix(line, "\n")
				checkLine(t, o, line)
			}
		}
	})
}

func checkLine(t *testing.T, o Options, line string) {
	t.Helper()
	for _, r := range line {
		if !unicode.IsPrint(r) || o.ASCII && r > 0x7e {
			t.Fatalf("%+v: %U in %q", o, r, line)
		}
	}
	if o.Width > 0 && width(line) > o.Width {
		t.Fatalf("%+v: %d columns: %q", o, width(line), line)
	}
}
