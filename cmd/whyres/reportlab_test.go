package main

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"whyres/cmd/whyres/internal/lab"
	"whyres/collector/mem"
)

// Several recordings are on one page, each with its own numbers.
func TestReportOfSeveral(t *testing.T) {
	out, diagnostics, code := reported("", lazyFree, eagerFree, held)
	if code != exitDone || diagnostics != "" {
		t.Fatalf("exit %d, %s", code, diagnostics)
	}
	d := dataOf(t, out)
	if len(d.Recordings) != 3 || !strings.Contains(out, `id="over"`) {
		t.Fatalf("%d recordings", len(d.Recordings))
	}
	for i, path := range []string{lazyFree, eagerFree, held} {
		frames := framesOf(t, path)
		var last *mem.Sample
		for _, f := range frames {
			if f.Sample != nil {
				last = f.Sample
			}
		}
		values := d.Recordings[i].RES.Value
		if got := values[len(values)-1]; got != float64(last.RSS.Total()) {
			t.Errorf("%s ends at %v, its last sample at %d", path, got, last.RSS.Total())
		}
	}
}

// labIn writes a lab's folder: two settings, the first with two runs, one setting that
// was refused, and a link that leads out of the folder.
func labIn(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	whole, err := os.ReadFile(held)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"default-1.whyres.zst", "default-2.whyres.zst", "gogc-50-1.whyres.zst"} {
		if err := os.WriteFile(filepath.Join(dir, name), whole, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	outside := filepath.Join(t.TempDir(), "outside.zst")
	if err := errors.Join(os.WriteFile(outside, whole, 0o600), os.Symlink(outside, filepath.Join(dir, "outside.zst"))); err != nil {
		t.Fatal(err)
	}
	run := func(n int, peak float64, files ...string) lab.Run {
		peak *= 1 << 20
		area := peak * 60
		return lab.Run{Number: n, Status: lab.StatusDone, Recordings: files, GoVersion: "go1.26.8", Measures: lab.Measures[*float64]{Peak: &peak, Area: &area}}
	}
	refused := lab.Run{Number: 1, Status: lab.StatusRefused, Problem: "the kernel has no such mode"}
	r := lab.Result{
		Schema: lab.Schema, Scenario: "a <b>bold</b> scenario", Runs: 2, Servers: 1, Goal: lab.GoalRES, Host: mem.Host{Kernel: "6.18", CPUs: 2, THP: "madvise"},
		Rows: lab.Rows([]lab.Setting{
			{ID: "default", Name: "default"}, {ID: "gogc-50", Name: "GOGC=50", Env: []string{"GOGC=50"}}, {ID: "thp-always", Name: "THP always"},
		}),
	}
	r.Add("gogc-50", run(1, 79, "gogc-50-1.whyres.zst"))
	r.Add("gogc-50", run(2, 81))
	r.Add("default", run(1, 99, "default-1.whyres.zst"))
	r.Add("default", run(2, 101, "default-2.whyres.zst", "outside.zst", "missing.zst"))
	r.Add("thp-always", refused)
	text, err := json.Marshal(r)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "results.json"), text, 0o600); err != nil {
		t.Fatal(err)
	}
	return dir
}

func TestReportOfALab(t *testing.T) {
	dir := labIn(t)
	out, diagnostics, code := reported("", dir)
	if code != exitDone || diagnostics != "" {
		t.Fatalf("exit %d, %s", code, diagnostics)
	}
	d := dataOf(t, out)
	if len(d.Recordings) != 3 {
		t.Errorf("%d recordings, want the three that are in the folder", len(d.Recordings))
	}
	m := d.Lab.Measures
	if len(m) != 2 || m[0].ID != "res_peak" || m[0].Rows[0].Median != 80<<20 || m[0].Rows[1].Max != 101<<20 {
		t.Errorf("bars: %+v", m)
	}
	for _, want := range []string{
		"start it with GOGC=50", "80.0 MiB ▼\n79.0 to 81.0 MiB<", "100.0 MiB\n99.0 to 101.0 MiB<", "the kernel has no such mode",
		"a &lt;b&gt;bold&lt;/b&gt; scenario", "missing.zst could not be read", "outside.zst could not be read", "default, run 2",
	} {
		if !strings.Contains(out, want) {
			t.Errorf("not on the page: %s", want)
		}
	}
	// The results file by itself, and the result again as JSON.
	if again, _, _ := reported("", filepath.Join(dir, "results.json")); len(dataOf(t, again).Recordings) != 3 {
		t.Error("results.json by itself shows another page")
	}
	var r lab.Result
	if text, _, _ := reported("", dir, "--json"); json.Unmarshal([]byte(text), &r) != nil || len(r.Rows) != 3 {
		t.Errorf("as JSON: %.100s", text)
	}
}

// What stands beside a lab is no less for it.
func TestReportJSONOfALabAndARecording(t *testing.T) {
	text, diagnostics, code := reported("", labIn(t), held, "--json")
	if code != exitDone || diagnostics != "" {
		t.Fatalf("exit %d, %s", code, diagnostics)
	}
	alone, _, _ := reported("", held, "--json")
	var r lab.Result
	d := json.NewDecoder(strings.NewReader(text))
	if err := d.Decode(&r); err != nil || r.Schema != lab.Schema || len(r.Rows) != 3 {
		t.Errorf("%v, %+v", err, r)
	}
	if rest := text[d.InputOffset():]; strings.TrimSpace(rest) != strings.TrimSpace(alone) {
		t.Errorf("after the lab: %.200s", rest)
	}
}

// Results on standard input do not say where they were: nothing is read from the
// folder that whyres happens to run in.
func TestReportOfResultsOnStandardInput(t *testing.T) {
	dir := labIn(t)
	text, err := os.ReadFile(filepath.Join(dir, "results.json"))
	if err != nil {
		t.Fatal(err)
	}
	t.Chdir(dir)
	out, diagnostics, code := reported(string(text), "-")
	if code != exitDone || diagnostics != "" {
		t.Fatalf("exit %d, %s", code, diagnostics)
	}
	if n := len(dataOf(t, out).Recordings); n != 0 || !strings.Contains(out, "The results came by standard input") {
		t.Errorf("%d recordings, and it is not said why", n)
	}
}

// A pipe in a lab's folder is not waited for, and a recording of the lab is not
// overwritten with its page.
func TestReportOfALabWithAPipe(t *testing.T) {
	dir := labIn(t)
	if err := unix.Mkfifo(filepath.Join(dir, "missing.zst"), 0o600); err != nil {
		t.Fatal(err)
	}
	out, _, code := reported("", dir)
	if code != exitDone || !strings.Contains(out, "missing.zst could not be read: it is no regular file") {
		t.Errorf("exit %d, and the pipe is not told", code)
	}
	for _, name := range []string{"results.json", "default-1.whyres.zst"} {
		_, diagnostics, code := reported("", dir, "-o", filepath.Join(dir, name), "--force")
		if code != exitFailed || !strings.Contains(diagnostics, "what the report is made of") {
			t.Errorf("%s: exit %d, %s", name, code, diagnostics)
		}
	}
	if err := errors.Join(os.Remove(filepath.Join(dir, "results.json")), unix.Mkfifo(filepath.Join(dir, "results.json"), 0o600)); err != nil {
		t.Fatal(err)
	}
	if _, diagnostics, code := reported("", dir); code != exitFailed || !strings.Contains(diagnostics, "no regular file") {
		t.Errorf("exit %d, %s", code, diagnostics)
	}
}

// Results without their recordings, as the README has them: one note, and no curves.
func TestReportOfResultsAlone(t *testing.T) {
	out, diagnostics, code := reported("", "testdata/night")
	if code != exitDone || diagnostics != "" {
		t.Fatalf("exit %d, %s", code, diagnostics)
	}
	if n := len(dataOf(t, out).Recordings); n != 0 || strings.Count(out, "recordings are not beside the results") != 1 || strings.Contains(out, "could not be read") {
		t.Errorf("%d recordings", n)
	}
}
