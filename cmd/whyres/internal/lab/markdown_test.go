package lab

import (
	"bytes"
	"strings"
	"testing"
)

func markdown(t *testing.T, r *Result) string {
	t.Helper()
	var out bytes.Buffer
	if err := Markdown(&out, r); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

func TestMarkdown(t *testing.T) {
	r := labOf(t, 2, Default, gogc50, gogc25)
	r.Host.Kernel, r.Host.CPUs, r.Host.Arch, r.Host.THP, r.Settle = "6.18.44", 2, "amd64", "madvise", 9e9
	r.Host.CPUModel, r.Host.MemTotal = "Some CPU *9*", 7<<30
	r.Scenario = "a server | its <load>"
	r.Add(Default, done(1, 100))
	r.Add(Default, done(2, 104))
	r.Add(gogc50, done(1, 80).without(CPU, "stripped"))
	r.Add(gogc25, Run{Number: 1, Status: StatusFailed, Problem: "exit 1\n| a\u202e | <b>"})
	text := markdown(t, r)
	for _, want := range []string{
		"| **GOGC=50** | 80.0 ▼ |", "| default | 102.0 (100.0–104.0) |",
		"| GOGC=25 | failed: exit 1\\\\n\\| a\\\\u202e \\| \\<b\\> | | | | | | |\n",
		"a server \\| its \\<load\\>.\n\n2 CPUs, Some CPU \\*9\\*, amd64 · 7.0 GiB of RAM · Linux 6.18.44 · THP madvise · go1.26.8 · runs of each: 2 · watched for 9s",
		"stripped (GOGC=50)\n", "| **GOGC=50** | ? |", "| peak RES, MiB |", "| page faults |\n", "bold: recommended",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q in\n%s", want, text)
		}
	}
	checkTable(t, text)
	r.Servers = 2
	run := done(1, 100)
	run.Together = &Together{PeakOfSum: 100 * mib, SumOfPeaks: 150 * mib}
	r.Add(Default, run)
	text = markdown(t, r)
	if !strings.Contains(text, " 150.0 |\n") || !strings.Contains(text, " sum of the peaks, MiB |\n") {
		t.Errorf("no sum of peaks in\n%s", text)
	}
	checkTable(t, text)
}

// Each number is what its column's head says.
func TestMarkdownUnits(t *testing.T) {
	for _, c := range []struct {
		unit  Unit
		value float64
		want  string
	}{
		{Bytes, 3.5 * 1024 * 1024, "3.5"},
		{After, 61.26e9, "61.3"},
		{ByteSeconds, 120 * 1024 * 1024, "2.00"},
		{CPUTime, 2.2e9, "2200"},
		{Latency, 87_000, "0.09"},
		{Count, 1234, "1234"},
	} {
		if got := markdownValue(c.unit, Spread{Median: c.value, Min: c.value, Max: c.value, N: 2}); got != c.want {
			t.Errorf("%v of unit %d: %q, want %q", c.value, c.unit, got, c.want)
		}
	}
}

// Each line of a table has as many cells.
func checkTable(t *testing.T, text string) {
	t.Helper()
	cells, tables := 0, 0
	for line := range strings.Lines(text) {
		if !strings.HasPrefix(line, "|") {
			cells = 0
			continue
		}
		n := strings.Count(strings.ReplaceAll(line, `\|`, ""), "|")
		if cells == 0 {
			cells = n
			tables++
		}
		if n != cells {
			t.Errorf("%d cells, not %d: %s", n, cells, line)
		}
	}
	if tables != 2 {
		t.Errorf("%d tables:\n%s", tables, text)
	}
}
