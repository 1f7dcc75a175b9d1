package timeline

import (
	"bytes"
	"os"
	"strings"
	"testing"

	"whyres/collector/probe"
)

// probeReport is what whyres probe --json printed on a real host.
func probeReport(t testing.TB, name string) *probe.Report {
	t.Helper()
	f, err := os.Open("testdata/" + name + ".json")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	r, err := probe.Read(f)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func writeProbe(t testing.TB, o Options, r *probe.Report) string {
	t.Helper()
	var out bytes.Buffer
	if err := WriteProbe(&out, o, r); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

func TestProbeGolden(t *testing.T) {
	for _, name := range []string{"probe-6.18", "probe-unprivileged"} {
		r := probeReport(t, name)
		for suffix, o := range map[string]Options{
			"-120": {Width: 120}, "-120-color": {Width: 120, Color: true}, "-80": {Width: 80}, "-80-color": {Width: 80, Color: true},
			"-50": {Width: 50}, "-pipe": {}, "-ascii": {Width: 120, ASCII: true},
		} {
			t.Run(name+suffix, func(t *testing.T) { golden(t, name+suffix, writeProbe(t, o, r)) })
		}
	}
}

// Colour repeats what words say, and no line is wider than the terminal.
func TestProbeWidths(t *testing.T) {
	r := probeReport(t, "probe-6.18")
	for _, columns := range []int{50, 80, 100, 120, 200} {
		for line := range strings.Lines(writeProbe(t, Options{Width: columns}, r)) {
			if n := width(strings.TrimRight(line, "\n")); n > columns {
				t.Errorf("%d columns: %d: %s", columns, n, line)
			}
		}
	}
	colored := writeProbe(t, Options{Width: 120, Color: true}, r)
	for _, part := range strings.Split(colored, "\x1b[")[1:] {
		_, rest, _ := strings.Cut(part, "m")
		colored = strings.Replace(colored, "\x1b["+part[:len(part)-len(rest)], "", 1)
	}
	if plain := writeProbe(t, Options{Width: 120}, r); colored != plain {
		t.Errorf("without its colours it is\n%s\nwant\n%s", colored, plain)
	}
}

// What a file says is shown, not obeyed; a verdict of a newer whyres too.
func TestProbeHostile(t *testing.T) {
	evil := "x\x1b[2J\u009b31m\n\rfaked"
	r := &probe.Report{
		Tool: evil, Missing: []string{evil}, Warnings: []string{evil},
		Settings: []probe.Setting{{Path: evil, From: evil, To: evil}},
		Cases: []probe.Result{
			{ID: evil, Call: "madvise", Advice: evil, Pages: evil, Errno: evil, Verdict: probe.Verdict(evil)},
			{ID: evil, Verdict: probe.NotMeasured, Unknown: evil},
			{ID: strings.Repeat("长", 500), Verdict: "new-in-whyres-9", NSPerMiB: 1 << 50, Asked: 1 << 50, RSSChange: -1 << 50},
		},
	}
	r.Host.Kernel, r.Host.Arch, r.Host.THP, r.Host.CPUs = evil, evil, evil, -1
	out := writeProbe(t, Options{Width: 80}, r)
	if strings.ContainsAny(out, "\x1b\u009b\r") || strings.Contains(out, "\nfaked") {
		t.Errorf("obeyed:\n%q", out)
	}
	for _, want := range []string{"new-in-whyres-9", "NOT put back"} {
		if !strings.Contains(out, want) {
			t.Errorf("lacks %s:\n%s", want, out)
		}
	}
}

func TestProbeVerdictWords(t *testing.T) {
	words := map[string]bool{}
	for _, v := range []probe.Verdict{
		probe.Freed, probe.LeftRES, probe.Lazy, probe.FreedWithError, probe.CameBack, probe.Refused,
		probe.Unsupported, probe.Split, probe.Grew, probe.NoEffect, probe.Partly, probe.NotMeasured, probe.Merged,
	} {
		got, zero := verdictWords(&probe.Result{Verdict: v, Errno: map[probe.Verdict]string{probe.FreedWithError: "ENOMEM"}[v]}), int64(0)
		if words[got] || got == "" || width(got) > wCaseVerdict-4 {
			t.Errorf("%s: %q", v, got)
		}
		words[got] = true
		if v == probe.Freed && verdictWords(&probe.Result{Verdict: v, ToAllocator: &zero}) == got {
			t.Errorf("freed is %q, seen or not", got)
		}
	}
}

func TestCasesGolden(t *testing.T) {
	for name, o := range map[string]Options{"cases-80": {Width: 80}, "cases-120-color": {Width: 120, Color: true}, "cases-pipe": {}} {
		var out bytes.Buffer
		if err := WriteCases(&out, o, probe.Catalogue()); err != nil {
			t.Fatal(err)
		}
		golden(t, name, out.String())
	}
}
