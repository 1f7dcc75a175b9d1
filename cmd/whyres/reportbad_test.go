package main

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func TestReportWritesItsFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "report.html")
	out, diagnostics, code := reported("", held, "-o", path)
	if code != exitDone || out != "" || !strings.Contains(diagnostics, path+" written") {
		t.Fatalf("exit %d, %q, %q", code, out, diagnostics)
	}
	info, err := os.Stat(path)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v", info.Mode(), err)
	}
	if err := os.WriteFile(path, []byte("mine"), 0o600); err != nil {
		t.Fatal(err)
	}
	_, diagnostics, code = reported("", held, "-o", path)
	if kept, _ := os.ReadFile(path); code != exitFailed || !strings.Contains(diagnostics, "--force") || string(kept) != "mine" {
		t.Errorf("exit %d, %s: %.20q is there now", code, diagnostics, kept)
	}
	if _, diagnostics, code = reported("", held, "-o", path, "--force"); code != exitDone {
		t.Errorf("with --force: exit %d, %s", code, diagnostics)
	}
	if page, _ := os.ReadFile(path); !bytes.HasPrefix(page, []byte("<!doctype html>")) {
		t.Errorf("%.40q", page)
	}
}

func TestReportOfBadInput(t *testing.T) {
	dir := t.TempDir()
	file := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	whole, err := os.ReadFile(held)
	if err != nil {
		t.Fatal(err)
	}
	cut := file("cut.zst", string(whole[:len(whole)/2]))
	page := filepath.Join(dir, "page.html")
	for name, c := range map[string]struct {
		args []string
		code int
		says string
	}{
		"nothing":             {nil, exitUsage, "wants a recording"},
		"stdin twice":         {[]string{"-", "-"}, exitUsage, "only once"},
		"too many":            {slices.Repeat([]string{held}, 65), exitUsage, "65 files: a page shows at most 64"},
		"another format":      {[]string{held, "--format", "pdf"}, exitUsage, "html, json"},
		"two formats":         {[]string{held, "--json", "--format", "html"}, exitUsage, "contradict"},
		"a color":             {[]string{held, "--color", "red"}, exitUsage, "--color"},
		"no file":             {[]string{filepath.Join(dir, "none")}, exitFailed, "no such file"},
		"empty":               {[]string{file("empty", "")}, exitFailed, "it is empty"},
		"no recording":        {[]string{file("text", "hello\n")}, exitFailed, "not a whyres recording"},
		"a folder":            {[]string{dir}, exitFailed, "no lab's folder"},
		"a lab without runs":  {[]string{file("lab/results.json", `{"schema":"whyres/lab/1","runs":1,"goal":"res","settings":[{"id":"default","status":"pending","runs":[]}]}`)}, exitFailed, "no run yet"},
		"a lab's folder":      {[]string{filepath.Join(dir, "lab")}, exitFailed, "no run yet"},
		"a damaged lab":       {[]string{file("bad.json", `{"schema":"whyres/lab/1","settings":[`)}, exitFailed, "not what whyres lab writes"},
		"a lab of tomorrow":   {[]string{file("new.json", `{"schema":"whyres/lab/2"}`)}, exitFailed, "made by another whyres"},
		"good and bad":        {[]string{held, file("bad", "x")}, exitFailed, "not a whyres recording"},
		"a cut one is shown":  {[]string{cut}, exitDone, "cut short"},
		"nowhere to write to": {[]string{held, "-o", filepath.Join(dir, "no/such/folder.html")}, exitFailed, "no such file"},
	} {
		t.Run(name, func(t *testing.T) {
			args := c.args
			if !strings.Contains(strings.Join(args, " "), "-o ") && len(args) > 0 {
				args = append(args, "-o", page, "--force")
			}
			_, diagnostics, code := reported("", args...)
			if code != c.code || !strings.Contains(diagnostics, c.says) {
				t.Errorf("exit %d, want %d: %s", code, c.code, diagnostics)
			}
			if _, err := os.Stat(page); (err == nil) != (code == exitDone) {
				t.Errorf("exit %d, and the page: %v", code, err)
			}
			_ = os.Remove(page)
		})
	}
	// What is there of a cut recording stands on the page, and that it was cut.
	out, _, _ := reported(string(whole[:len(whole)/2]), "-")
	if !strings.Contains(out, "The recording was cut short") || len(dataOf(t, out).Recordings[0].RES.At) == 0 {
		t.Error("the page does not say that its recording was cut short, or has nothing of it")
	}
}
