package main

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"whyres/collector/mem"
	"whyres/collector/probe"
)

const mebibyte = 1 << 20

// reported is a kernel that answered the cases.
func reported(line, build string, cases ...probe.Result) kernel {
	return kernel{line, &probe.Report{
		Schema: probe.Schema, Time: time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC),
		Host: mem.Host{Kernel: line + ".0-cloud", Build: build, Arch: "amd64"}, Cases: cases,
	}}
}

func answers(guard probe.Verdict) []probe.Result {
	part, whole := int64(64<<10), int64(8*mebibyte)
	return []probe.Result{
		{ID: probe.DontneedSmall, Asked: 8 * mebibyte, RSSChange: -8 * mebibyte, ToAllocator: &whole, Verdict: probe.Freed},
		{ID: probe.DontneedHugePart, Asked: 4 * mebibyte, RSSChange: -4 * mebibyte, ToAllocator: &part, Verdict: probe.LeftRES},
		{ID: probe.GuardSmall, Asked: 8 * mebibyte, ToAllocator: &whole, Errno: "EINVAL", Verdict: guard},
	}
}

func TestTableFoldsKernelsThatSayTheSame(t *testing.T) {
	all := []kernel{
		reported("6.18", "#1 SMP PREEMPT_DYNAMIC Debian 6.18.15-1~bpo13+1 (2026-03-01)", answers(probe.Freed)...),
		reported("6.1", "#1 SMP Debian 6.1.192-1 (2026-10-01)", answers(probe.Unsupported)...),
		reported("5.10", "#1 SMP", answers(probe.Unsupported)...),
		reported("7.3", "#1 SMP Debian 7.3.4-1", answers(probe.Freed)...),
	}
	sortKernels(all)
	got := table(all)
	for _, want := range []string{
		"| advice | of | asked | 5.10 to 6.1 | 6.18 to 7.3 |\n|---|---|--:|---|---|\n",
		"| 8.0 | freed | freed |\n",
		"| 4.0 | RES −4.0, **free 0.1** | RES −4.0, **free 0.1** |\n",
		"| 8.0 | unknown to it: EINVAL | freed |\n",
		"Measured on 2026-11-24 under emulation, amd64, on Debian's kernels 5.10.0-cloud, 6.1.192-1, 6.18.15-1~bpo13+1, 7.3.4-1.\n",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("no %q in\n%s", want, got)
		}
	}
	if rows, want := strings.Count(got, "\n| "), len(probe.Catalogue())+1; rows != want {
		t.Errorf("%d rows, want %d:\n%s", rows, want, got)
	}
}

func TestCells(t *testing.T) {
	later := int64(2 * mebibyte)
	for want, r := range map[string]*probe.Result{
		"not asked":                   nil,
		"–":                           {Verdict: probe.NotMeasured},
		"nothing":                     {Verdict: probe.NoEffect},
		"RES +1.0":                    {Verdict: probe.Grew, RSSChange: mebibyte},
		"RES −3.5, **free ?**":        {Verdict: probe.Partly, RSSChange: -7 * mebibyte / 2},
		"RES −8.0, **free 2.0**":      {Verdict: probe.Partly, RSSChange: -8 * mebibyte, ToAllocator: &later},
		"RES −8.0, **free ?**":        {Verdict: probe.Freed, RSSChange: -8 * mebibyte},
		"freed":                       {Verdict: probe.Freed, RSSChange: -2 * mebibyte, ToAllocator: &later},
		"RES stays; huge pages made":  {Verdict: probe.Merged},
		"**refused**: EINVAL":         {Verdict: probe.Refused, Errno: "EINVAL"},
		"freed, **yet ENOMEM**":       {Verdict: probe.FreedWithError, Errno: "ENOMEM"},
		"RES −4.0, **later +2.0**":    {Verdict: probe.CameBack, RSSChange: -4 * mebibyte, LaterRSSChange: &later},
		"RES stays, 6.0 lazily freed": {Verdict: probe.Lazy, LazyFreeChange: 6 * mebibyte},
		"RES stays; huge pages split": {Verdict: probe.Split},
	} {
		if got := cell(r); got != want {
			t.Errorf("%+v: %q, want %q", r, got, want)
		}
	}
}

func TestPageKeepsTheRest(t *testing.T) {
	results := t.TempDir()
	page := filepath.Join(results, "PAGE.md")
	run := func() error { return run([]string{"-results", results, page}, os.Stderr) }
	put(t, page, "before\n"+begin+"old\n"+end+"after\n")
	if err := run(); !errors.Is(err, errNoResults) {
		t.Errorf("no results: %v", err)
	}
	put(t, filepath.Join(results, "6.1", "probe.json"),
		`{"schema":"whyres/probe/1","time":"2026-11-24T00:00:00Z","host":{"kernel":"6.1.0"},"cases":[{"id":"dontneed-4k","asked":8388608,"rss_change":-8388608,"verdict":"freed"}]}`)
	if err := run(); err != nil {
		t.Fatal(err)
	}
	raw, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	got := string(raw)
	if !strings.HasPrefix(got, "before\n"+begin) || !strings.HasSuffix(got, end+"after\n") || strings.Contains(got, "old") || !strings.Contains(got, "| 8.0 | RES −8.0, **free ?** |") {
		t.Errorf("the page became\n%s", got)
	}
	put(t, page, "no place\n")
	if err := run(); !errors.Is(err, errNoPlace) {
		t.Errorf("a page without a place: %v", err)
	}
}

func put(t *testing.T, file, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}
