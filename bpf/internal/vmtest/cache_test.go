package main

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// cached is a cache with one kernel and its checksum, and what it says.
func cached(t *testing.T, line, content string) (*images, string, *bytes.Buffer) {
	t.Helper()
	dir, said := t.TempDir(), &bytes.Buffer{}
	file := filepath.Join(dir, line+"_1.vmlinuz")
	if err := errors.Join(os.WriteFile(file, []byte(content), 0o600), writeSum(file, file)); err != nil {
		t.Fatal(err)
	}
	return &images{dir: dir, log: said}, file, said
}

// sha256sum is the oracle of what is written beside a file.
func TestSumIsThatOfSha256sum(t *testing.T) {
	_, file, _ := cached(t, "6.1", "a kernel")
	check := exec.Command("sha256sum", "--check", "--strict", filepath.Base(sumFile(file)))
	check.Dir = filepath.Dir(file)
	if out, err := check.CombinedOutput(); err != nil {
		t.Errorf("%v: %s", err, out)
	}
}

func TestDamagedKernelIsNotUsed(t *testing.T) {
	im, file, said := cached(t, "6.1", "a kernel")
	if got, err := im.image(context.Background(), "6.1"); err != nil || got != file || said.Len() != 0 {
		t.Fatalf("whole: %q, %v, %q", got, err, said)
	}
	if err := os.WriteFile(file, []byte("b kernel"), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", "") // no apt: it cannot be fetched again
	got, err := im.image(context.Background(), "6.1")
	if err == nil || got != "" {
		t.Errorf("a damaged kernel was given: %q", got)
	}
	if want := "6.1_1.vmlinuz: damaged: its sha256 is not the one written beside it: fetching it again\n"; said.String() != want {
		t.Errorf("said %q, want %q", said, want)
	}
	for _, gone := range []string{file, sumFile(file)} {
		if _, err := os.Stat(gone); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("%s is still there: %v", gone, err)
		}
	}
}

func TestNewestOfTheCache(t *testing.T) {
	im, _, said := cached(t, "6.1", "a kernel")
	for _, name := range []string{"6.1_6.1.99-1.vmlinuz", "6.1_6.1.192-2.vmlinuz", "6.1_6.1.200-1.vmlinuz.partial", "6.12_7.vmlinuz"} {
		if err := os.WriteFile(filepath.Join(im.dir, name), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	got, err := im.image(context.Background(), "6.1")
	if err != nil || filepath.Base(got) != "6.1_6.1.192-2.vmlinuz" {
		t.Errorf("%q, %v", got, err)
	}
	if !strings.Contains(said.String(), "no sha256 is written beside it: used as it is") {
		t.Errorf("said %q of a kernel that was put there by hand", said)
	}
}

// aptWithout is an apt whose network is not there: port 1 of this machine.
func aptWithout(t *testing.T) *apt {
	t.Helper()
	if _, err := exec.LookPath("apt-get"); err != nil {
		t.Skip("needs apt")
	}
	a, err := newApt(t.Context(), t.TempDir())
	if err != nil {
		t.Skip(err)
	}
	conf, err := os.OpenFile(a.path("apt.conf"), os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	_, err = io.WriteString(conf, "Acquire::http::Proxy \"http://127.0.0.1:1\";\nAcquire::Retries \"0\";\n")
	if err = errors.Join(err, conf.Close()); err != nil {
		t.Fatal(err)
	}
	return a
}

func TestNoNetwork(t *testing.T) {
	err := aptWithout(t).update(t.Context())
	if !errors.Is(err, errNoLists) || strings.Contains(err.Error(), "\n") {
		t.Errorf("%v, want one line that says so", err)
	}
	t.Log(err)
}

// A line that no suite has, from lists that are empty.
func TestKernelGoneFromTheSuite(t *testing.T) {
	_, err := aptWithout(t).find(t.Context(), kernelPart("5.10").packages)
	if !errors.Is(err, errNoKernel) || strings.Contains(err.Error(), "\n") {
		t.Errorf("%v, want %v", err, errNoKernel)
	}
	t.Log(err)
}

func TestFirstComplaint(t *testing.T) {
	for text, want := range map[string]string{
		"W: a warning\nE: Failed to fetch  x\nE: more\n": "Failed to fetch x",
		"no letter\nat all\n":                            "no letter at all",
		"":                                               "",
	} {
		if got := firstComplaint(text); got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
}

func TestProgramPart(t *testing.T) {
	for name, want := range map[string]bool{
		"./usr/bin/busybox": true, "./bin/busybox": true, "./bin/busybox-static": true,
		"./usr/share/doc/busybox": false, "./bin/busybox/x": false, "./bin/bash": false,
	} {
		if got := programPart("busybox-static").holds(name); got != want {
			t.Errorf("%s: %v", name, got)
		}
	}
}
