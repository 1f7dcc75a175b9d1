package timeline

import (
	"strings"
	"testing"

	"whyres/collector/explain"
)

// advised has the shortest and the longest of sentences, and a group whose name
// would clear the terminal.
func advised() *explain.Verdict {
	v := explained()
	v.Limits = &explain.Limits{Short: []string{
		"Of RES 24.0 MiB are not Go's, and GOMEMLIMIT does not count them: 20.0 MiB C's malloc, 4.0 MiB the program's file and variables; of Go's own it counts 42.0 MiB.",
		"No GOMEMLIMIT is set: GOGC alone decides when a GC comes.",
		"The control group /\x1b[2Jgone is charged 90.0 MiB.",
	}}
	return v
}

func TestLimitsGolden(t *testing.T) {
	t.Parallel()
	for name, o := range map[string]Options{
		"limits-80": {Width: 80}, "limits-120": {Width: 120}, "limits-pipe": {},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := explainedAs(t, o, advised(), nil)
			_, section, found := strings.Cut(got, "Limits: ")
			if !found || strings.Contains(section, "\x1b") {
				t.Fatalf("no section, or one with an escape:\n%q", section)
			}
			golden(t, name, got)
			for line := range strings.Lines(got) {
				checkLine(t, o, strings.TrimSuffix(line, "\n"))
			}
		})
	}
}

// What was traced is not hidden by advice, nor is a watch's table.
func TestLimitsOnlyOfASingleLook(t *testing.T) {
	t.Parallel()
	traced := advised()
	traced.Trace = &explain.Trace{}
	if got := explainedAs(t, Options{Width: 80}, traced, nil); strings.Contains(got, "Limits: ") {
		t.Error("a trace's verdict has advice for limits")
	}
	if got := explainedAs(t, Options{Width: 80, Brief: true}, advised(), earlier()); strings.Contains(got, "Limits: ") {
		t.Error("a brief look has advice for limits")
	}
}

// -v tells all; where there is nothing to say unasked there is no section.
func TestLimitsVerbose(t *testing.T) {
	t.Parallel()
	v := advised()
	v.Limits = &explain.Limits{Says: []string{"All of it."}}
	if got := explainedAs(t, Options{}, v, nil); strings.Contains(got, "Limits: ") {
		t.Errorf("a section without a sentence:\n%s", got)
	}
	v.Limits.Short = []string{"In short."}
	for verbose, want := range map[bool]string{false: "Limits: In short.\n", true: "Limits: All of it.\n"} {
		if got := explainedAs(t, Options{Verbose: verbose}, v, nil); !strings.Contains(got, want) {
			t.Errorf("verbose %v: no %q in:\n%s", verbose, want, got)
		}
	}
}
