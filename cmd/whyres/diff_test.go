package main

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/klauspost/compress/zstd"

	"whyres/collector/probe"
)

// Recordings of the culprit gc-clock: how Go 1.12 and 1.27 give back by
// FreeOSMemory, and Go 1.27 left alone. What it made free, the program itself said
// (runtime.ReadMemStats) when they were made.
const (
	lazyFree  = "testdata/recordings/go1.12-free.whyres.zst"
	eagerFree = "testdata/recordings/go1.27-free.whyres.zst"
	held      = "testdata/recordings/go1.27-hold.whyres.zst"
	madeFree  = 101031936
	// filled is what it allocated and wrote to: 96 blocks of 1 MiB.
	filled = 96 << 20
)

func differ(stdin string, args ...string) (out, diagnostics string, code int) {
	var stdout, stderr bytes.Buffer
	code = run(context.Background(), append([]string{"diff"}, args...), strings.NewReader(stdin), &stdout, &stderr)
	return stdout.String(), stderr.String(), code
}

type diffRow struct {
	ID, Mark, Why string
	A, B          any
}

func diffRows(t *testing.T, args ...string) map[string]diffRow {
	t.Helper()
	out, diagnostics, code := differ("", append(args, "--json")...)
	if code != exitDone || diagnostics != "" {
		t.Fatalf("exit %d, %s", code, diagnostics)
	}
	var report struct{ Rows []diffRow }
	if err := json.Unmarshal([]byte(out), &report); err != nil {
		t.Fatal(err)
	}
	rows := map[string]diffRow{}
	for _, r := range report.Rows {
		if _, twice := rows[r.ID]; twice {
			t.Errorf("two rows %s", r.ID)
		}
		rows[r.ID] = r
	}
	return rows
}

// What was given back is what the program had filled, and what was held is what
// its own runtime told it.
func TestDiffOfRealRecordings(t *testing.T) {
	rows := diffRows(t, held, eagerFree)
	within := func(id string, got any, want, by float64) {
		t.Helper()
		if n, ok := got.(float64); !ok || n < want-by || n > want+by {
			t.Errorf("%s: %v, want %v give or take %v", id, got, want, by)
		}
	}
	rest, given := rows["course.rest"], rows["course.given_back"]
	within("given back", given.B, filled, 2<<20)
	within("less at rest", rest.A.(float64)-rest.B.(float64), filled, 2<<20)
	within("left RES", rows["releases.attributed"].B, filled, 2<<20)
	// The runtime counts some free pages as idle that were never touched.
	within("held until a GC", rows["cause.gc-clock"].A, madeFree, 5<<20)
	for id, mark := range map[string]string{
		"course.peak": "same", "course.rest": "better", "cause.gc-clock": "only-a", "course.half": "only-b",
		"host.kernel": "same", "program.go_version": "same", "calls.madvise.MADV_DONTNEED.forced.attributed": "different",
	} {
		if rows[id].Mark != mark {
			t.Errorf("%s: %q, want %s", id, rows[id].Mark, mark)
		}
	}
	lazy := diffRows(t, lazyFree, eagerFree)
	within("lazily freed", lazy["cause.madv-free"].A, filled, 2<<20)
	if r := lazy["program.advice"]; r.A != "MADV_FREE" || r.B != "MADV_DONTNEED" {
		t.Errorf("releases with %v and %v", r.A, r.B)
	}
	if r := lazy["releases.attributed"]; !strings.Contains(r.Why, "until the kernel needs memory") {
		t.Errorf("why %q", r.Why)
	}
}

func TestDiffFitsAScreen(t *testing.T) {
	out, _, code := differ("", "--color=never", lazyFree, eagerFree)
	if n := strings.Count(out, "\n"); code != exitDone || n > 24 || n < 10 {
		t.Errorf("exit %d, %d lines:\n%s", code, n, out)
	}
	if strings.Contains(out, "\x1b") {
		t.Error("colours in a pipe")
	}
	out, _, _ = differ("", "--color=always", lazyFree, eagerFree)
	if !strings.Contains(out, "\x1b[32m▼") {
		t.Errorf("no colours:\n%s", out)
	}
}

func TestDiffOfTheSameFile(t *testing.T) {
	out, diagnostics, code := differ("", held, held)
	if code != exitDone || !strings.Contains(out, "\nno differences\n") || strings.Contains(out, "▲") {
		t.Errorf("exit %d, %s:\n%s", code, diagnostics, out)
	}
}

// plain is a recording, not compressed.
func plain(t *testing.T, path string) string {
	t.Helper()
	packed, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	d, err := zstd.NewReader(nil)
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	out, err := d.DecodeAll(packed, nil)
	if err != nil {
		t.Fatal(err)
	}
	return string(out)
}

func probeFile(t *testing.T, name string, p probe.Report) string {
	t.Helper()
	text, err := json.MarshalIndent(p, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, text, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestDiffOfProbes(t *testing.T) {
	report := probe.Report{Schema: probe.Schema, Time: time.Unix(0, 0), Cases: []probe.Result{{ID: probe.GuardSmall, Errno: "EINVAL", Verdict: probe.Unsupported}}}
	report.Host.Kernel = "6.12.117"
	old := probeFile(t, "old.json", report)
	report.Host.Kernel = "7.3.4"
	report.Cases = []probe.Result{{ID: probe.GuardSmall, Verdict: probe.Freed, RSSChange: -8 << 20}}
	rows := diffRows(t, old, probeFile(t, "new.json", report))
	if r := rows["case.guard-4k.verdict"]; r.Mark != "different" || r.A != "unsupported" || r.B != "freed" {
		t.Errorf("%+v", r)
	}
	_, diagnostics, code := differ("", old, held)
	if code != exitUsage || !strings.Contains(diagnostics, "is a probe and "+held+" is a recording") {
		t.Errorf("two kinds: exit %d, %s", code, diagnostics)
	}
	report.Schema = "whyres/probe/2"
	_, diagnostics, code = differ("", old, probeFile(t, "newer.json", report))
	if code != exitFailed || !strings.Contains(diagnostics, "use the whyres that wrote it") {
		t.Errorf("newer: exit %d, %s", code, diagnostics)
	}
}

func TestDiffOfBadInput(t *testing.T) {
	recording := plain(t, held)
	lines := strings.SplitAfter(recording, "\n")
	damaged := strings.Join(append(append([]string{}, lines[:20]...), append([]string{"{\"type\":\"event\",\"t\":\n"}, lines[20:]...)...), "")
	file := func(text string) string {
		path := filepath.Join(t.TempDir(), "file")
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	for name, c := range map[string]struct {
		stdin       string
		args        []string
		code        int
		out, errors string
	}{
		"no arguments":     {"", nil, exitUsage, "", "diff wants two recordings"},
		"one":              {"", []string{held}, exitUsage, "", "diff wants two recordings"},
		"twice stdin":      {"", []string{"-", "-"}, exitUsage, "", "only one of the two"},
		"no file":          {"", []string{held, "/nowhere/at/all"}, exitFailed, "", "no such file"},
		"a directory":      {"", []string{held, t.TempDir()}, exitFailed, "", "is a directory"},
		"no recording":     {"", []string{held, "diff.go"}, exitFailed, "", "diff.go: neither a whyres recording nor"},
		"nothing":          {"", []string{held, os.DevNull}, exitFailed, "", "it is empty"},
		"a damaged probe":  {`{"schema":"whyres/probe/1","cases":[`, []string{held, "-"}, exitFailed, "", "-: not what whyres probe --json prints"},
		"stdin":            {recording, []string{"-", held}, exitDone, "no differences", ""},
		"a damaged line":   {damaged, []string{held, "-"}, exitDone, "B: 1 damaged line was left out", "whyres: -: recording line 21"},
		"a header alone":   {lines[0], []string{held, "-"}, exitDone, "B holds no reading of RES: only the host and the program can be compared", ""},
		"cut short":        {recording[:len(recording)/2], []string{held, "-"}, exitDone, "B is cut short", "recording cut short"},
		"colour":           {"", []string{"--color=blue", held, held}, exitUsage, "", "--color"},
		"a hostile name":   {"", []string{held, file("x") + "\x1b[2J"}, exitFailed, "", `\x1b[2J`},
		"names of control": {"", []string{held, file("\x1b[2J")}, exitFailed, "", "neither a whyres recording"},
	} {
		t.Run(name, func(t *testing.T) {
			out, diagnostics, code := differ(c.stdin, c.args...)
			if code != c.code || !strings.Contains(out, c.out) || !strings.Contains(diagnostics, c.errors) || (c.errors == "") != (diagnostics == "") {
				t.Errorf("exit %d, want %d\n%s\n%s", code, c.code, out, diagnostics)
			}
			if strings.Contains(out+diagnostics, "\x1b") {
				t.Errorf("an escape of the input: %q", diagnostics)
			}
		})
	}
}

// What is left to read is told by size, and of a stream what has come.
func TestDiffTellsWhatIsLeft(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a\x1b.whyres")
	if err := os.WriteFile(path, make([]byte, 5<<20), 0o600); err != nil {
		t.Fatal(err)
	}
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	r := &reads{}
	if _, err := io.CopyN(io.Discard, r.open(f, "a\x1b.whyres"), 2<<20); err != nil {
		t.Fatal(err)
	}
	if got, want := r.now.Load().left(), `reading a\x1b.whyres: 3 of 5 MiB left`; got != want {
		t.Errorf("%q, want %q", got, want)
	}
	if _, err := io.CopyN(io.Discard, r.open(bytes.NewReader(make([]byte, 3<<20)), "-"), 2<<20); err != nil {
		t.Fatal(err)
	}
	if got, want := r.now.Load().left(), "reading -: 2 MiB so far"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
}
