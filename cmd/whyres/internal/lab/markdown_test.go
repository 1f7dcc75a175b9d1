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
	r.Scenario = "a server | its <load>"
	r.Add(Default, done(1, 100))
	r.Add(Default, done(2, 104))
	r.Add(gogc50, done(1, 80).without(CPU, "stripped"))
	r.Add(gogc25, Run{Number: 1, Status: StatusFailed, Problem: "exit 1\n| a | <b>"})
	text := markdown(t, r)
	for _, want := range []string{
		"| **GOGC=50** | 80.0 MiB ▼ |", "| default | 102.0 MiB (100.0 MiB to 104.0 MiB) |",
		"| GOGC=25 | failed: exit 1\\\\x0a\\| a \\| \\<b\\> | | | | | | | | | | |",
		"a server \\| its \\<load\\> · Linux 6.18.44 · go1.26.8 · 2 CPUs, amd64 · THP madvise", "stripped (GOGC=50)",
		"| ? |",
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
	if !strings.Contains(text, " 150.0 MiB |\n") || !strings.Contains(text, " sum of the peaks |\n") {
		t.Errorf("no sum of peaks in\n%s", text)
	}
	checkTable(t, text)
}

// Each line of the table has as many cells.
func checkTable(t *testing.T, text string) {
	t.Helper()
	cells := 0
	for line := range strings.Lines(text) {
		if !strings.HasPrefix(line, "|") {
			break
		}
		n := strings.Count(strings.ReplaceAll(line, `\|`, ""), "|")
		if cells == 0 {
			cells = n
		}
		if n != cells {
			t.Errorf("%d cells, not %d: %s", n, cells, line)
		}
	}
}
