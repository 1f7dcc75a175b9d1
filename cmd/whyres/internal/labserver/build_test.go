package labserver

import (
	"debug/buildinfo"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

func TestNewestPatch(t *testing.T) {
	versions := strings.Fields("1.9.7 1.16beta1 1.16rc1 1.16 1.16.2 1.16.15 1.16.9 1.21rc3 1.21.0 1.21.13 1.21.9 1.28rc1")
	for minor, want := range map[string]string{
		"go1.16": "go1.16.15", "go1.21": "go1.21.13", "go1.9": "go1.9.7", "go1.28": "", "go1.99": "", "go1.2": "",
	} {
		if got := newest(minor, versions); got != want {
			t.Errorf("%s: %q, want %q", minor, got, want)
		}
	}
}

// The sources that whyres carries make a server, by the toolchain that was named:
// the one at hand, which needs no network. The file itself says so.
func TestBuildWithAToolchain(t *testing.T) {
	here := runtime.Version()
	if !strings.HasPrefix(here, "go1.") || strings.ContainsAny(here, " -") {
		t.Skipf("%s is no release", here)
	}
	path, err := Builder{Dir: t.TempDir()}.Build(t.Context(), here)
	if err != nil {
		t.Fatal(err)
	}
	info, err := buildinfo.ReadFile(path)
	if err != nil || info.GoVersion != here {
		t.Errorf("built with %v, %v, want %s", info, err, here)
	}
	out, err := exec.Command(path, "--help").Output()
	if err != nil || !strings.Contains(string(out), "usage: server") {
		t.Errorf("%v: %s", err, out)
	}
}

// What cannot be built says why in one line, with the go command's own words.
func TestBuildThatCannotBe(t *testing.T) {
	t.Setenv("GOPROXY", "off")
	dir := t.TempDir()
	_, err := Builder{Dir: dir}.Build(t.Context(), "go1.21.99")
	if err == nil || !strings.Contains(err.Error(), "the server cannot be built with go1.21.99: ") || strings.Contains(err.Error(), "\n") {
		t.Errorf("%v", err)
	}
	text, err := os.ReadFile(filepath.Join(dir, "go1.21.99", "go.mod"))
	if err != nil || !strings.Contains(string(text), "\ngo 1.21\n") {
		t.Errorf("the module's language: %s, %v", text, err)
	}
	t.Setenv("PATH", t.TempDir())
	if _, err := find(); err != nil && !strings.Contains(err.Error(), "no go command") {
		t.Errorf("%v", err)
	}
}
