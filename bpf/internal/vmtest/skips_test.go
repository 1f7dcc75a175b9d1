package main

import (
	"bytes"
	"errors"
	"slices"
	"strings"
	"testing"
)

// said is a kernel whose tests ended so: "TestA PASS", "TestB SKIP".
func said(line string, results ...string) *result {
	var b strings.Builder
	b.WriteString(booted)
	for _, r := range results {
		name, outcome, _ := strings.Cut(r, " ")
		b.WriteString("\x16--- " + outcome + ": " + name + " (0.01s)\n")
	}
	b.WriteString("whyres-vm: exit 0\nwhyres-vm: done\n")
	return &result{line: line, console: *read(b.String())}
}

func TestSkippedEverywhere(t *testing.T) {
	torn := said("6.12", "TestA PASS", "TestB PASS", "TestC PASS")
	torn.console.done = false
	for _, tc := range []struct {
		name string
		all  []*result
		want []string
	}{
		{"none", []*result{said("5.10", "TestA PASS")}, nil},
		{"on one of two", []*result{said("5.10", "TestA PASS", "TestA/f SKIP"), said("6.12", "TestA PASS", "TestA/f PASS")}, nil},
		{"on both", []*result{said("5.10", "TestA PASS", "TestB SKIP"), said("6.12", "TestA PASS", "TestB SKIP")}, []string{"whyres/bpf TestB"}},
		{"on the only one that knows it", []*result{said("5.10", "TestA PASS"), said("6.12", "TestA PASS", "TestA/new SKIP")}, []string{"whyres/bpf TestA/new"}},
		{"ran where the kernel stopped later", []*result{said("5.10", "TestA PASS", "TestB SKIP", "TestC SKIP"), torn}, []string{"whyres/bpf TestB", "whyres/bpf TestC"}},
	} {
		if got := skippedEverywhere(tc.all); !slices.Equal(got, tc.want) {
			t.Errorf("%s: %q, want %q", tc.name, got, tc.want)
		}
	}
}

// A skip on all of the everyday kernels fails the run; with fewer it is told.
func TestReportOfSkips(t *testing.T) {
	var all []*result
	for _, line := range everydayLines() {
		all = append(all, said(line, "TestA PASS", "TestB SKIP"))
	}
	for _, tc := range []struct {
		all  []*result
		want error
	}{{all, errSkipped}, {all[1:], nil}} {
		var out bytes.Buffer
		if err := report(&out, &out, tc.all, []string{"whyres/bpf"}); !errors.Is(err, tc.want) {
			t.Errorf("%d kernels: %v, want %v", len(tc.all), err, tc.want)
		}
		if !strings.Contains(out.String(), "skipped on every kernel: whyres/bpf TestB\n") {
			t.Errorf("not told:\n%s", &out)
		}
	}
}

func TestLastLines(t *testing.T) {
	gone := &result{line: "6.16", err: errNoKernel}
	ok := said("5.10", "TestA PASS", "TestA/x PASS", "TestB SKIP")
	ok.output, ok.files = "c/results/5.10", 2
	var out bytes.Buffer
	if err := report(&out, &bytes.Buffer{}, []*result{ok, gone}, []string{"whyres/bpf"}); !errors.Is(err, errFailed) {
		t.Errorf("%v, want %v", err, errFailed)
	}
	const want = `left out everywhere: whyres/bpf TestCostOfTheAllocatorForTheUnrelated: a ratio of emulated instructions says nothing; the host's run measures it
skipped on every kernel: whyres/bpf TestB
what the tests left: c/results/5.10
tests that ran: 5.10 2
1 of 2 kernels booted, 1 passed
`
	if !strings.HasSuffix(out.String(), want) {
		t.Errorf("ends with\n%s\nwant\n%s", &out, want)
	}
}
