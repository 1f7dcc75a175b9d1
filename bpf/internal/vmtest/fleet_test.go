package main

import (
	"bytes"
	"errors"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
)

// withEmulator puts a shell script in the emulator's place. It finds the serial ports'
// files in $KERNEL and $OUTPUT.
func withEmulator(t *testing.T, script string) {
	t.Helper()
	dir := t.TempDir()
	text := `#!/bin/sh
for a; do case $a in file:*.kernel.log) KERNEL=${a#file:};; file:*) OUTPUT=${a#file:};; esac; done
` + script
	if err := os.WriteFile(filepath.Join(dir, emulator), []byte(text), 0o700); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", dir+":"+os.Getenv("PATH"))
}

// testFleet has kernels of these lines in its cache.
func testFleet(t *testing.T, lines ...string) (*fleet, *bytes.Buffer) {
	t.Helper()
	dir, said := t.TempDir(), &bytes.Buffer{}
	for _, line := range lines {
		if err := os.WriteFile(filepath.Join(dir, line+"_1.vmlinuz"), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	s := settings{lines: lines, cache: dir, jobs: 2, verbose: true, machine: machine{timeout: time.Minute, quiet: time.Minute}}
	return &fleet{settings: s, images: &images{dir: dir, log: io.Discard}, log: &lineWriter{to: said}}, said
}

const passingGuest = `printf 'whyres-vm: kernel 6.1\nwhyres-vm: run p\n\026=== RUN   TestA\n\026--- PASS: TestA (0.01s)\nwhyres-vm: exit 0\nwhyres-vm: done\n'
`

func TestSeveralMachines(t *testing.T) {
	withEmulator(t, passingGuest+`cd "$(mktemp -d)" && echo '{}' >probe.json && tar -cf "$OUTPUT" probe.json`)
	f, said := testFleet(t, "5.10", "6.1", "7.3")
	all, err := f.bootAll(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range all {
		if len(r.trouble()) != 0 || r.files != 1 {
			t.Errorf("%s: %v, %d files", r.line, r.trouble(), r.files)
		}
		if text, err := os.ReadFile(filepath.Join(f.cache, "results", r.line, "probe.json")); string(text) != "{}\n" {
			t.Errorf("%s: %q, %v", r.line, text, err)
		}
	}
	whole := regexp.MustCompile(`^(booting \S+|\[[0-9.]+\] .*|\[\d of 3\] \S+ ok: 1 tests in \d+ s)$`)
	for line := range strings.Lines(said.String()) {
		if !whole.MatchString(strings.TrimSuffix(line, "\n")) {
			t.Errorf("mixed: %q", line)
		}
	}
}

// A kernel that says nothing any more is killed, and the end of what it said is shown.
func TestHang(t *testing.T) {
	withEmulator(t, `seq 100 >"$KERNEL"; printf 'BUG: \033[2Jsoft lockup\r\n' >>"$KERNEL"; exec sleep 60`)
	f, _ := testFleet(t, "6.1")
	f.machine.quiet = 300 * time.Millisecond
	all, err := f.bootAll(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if r := all[0]; !errors.Is(r.err, errHang) || r.took > 30*time.Second {
		t.Fatalf("%v after %v", r.err, r.took)
	}
	var shown bytes.Buffer
	writeTrouble(&shown, all)
	for _, want := range []string{"hangs: no output for 300ms", "\n100\nBUG: [2Jsoft lockup\n", "kernel 6.1"} {
		if !strings.Contains(shown.String(), want) {
			t.Errorf("no %q in %s", want, &shown)
		}
	}
	if strings.Contains(shown.String(), "\n81\n") || !strings.Contains(shown.String(), "\n82\n") {
		t.Errorf("not the last %d lines: %s", tailLines, &shown)
	}
}

// A machine that writes without end is stopped before it fills the disk.
func TestFlood(t *testing.T) {
	withEmulator(t, `truncate -s 10G "$OUTPUT"; exec sleep 60`)
	f, _ := testFleet(t, "6.1")
	all, err := f.bootAll(t.Context())
	if err != nil || !errors.Is(all[0].err, errFlood) || all[0].took > 30*time.Second {
		t.Errorf("%v after %v, %v", all[0].err, all[0].took, err)
	}
}

// A second run in the same folder is refused in a line; one after the other is fine.
func TestOneRunAtATime(t *testing.T) {
	dir := t.TempDir()
	first, err := lockCache(dir)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := lockCache(dir); err == nil || !strings.Contains(err.Error(), "another run has its kernels and logs in "+dir) {
		t.Errorf("the second: %v", err)
	}
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	next, err := lockCache(dir)
	if err != nil {
		t.Fatal(err)
	}
	_ = next.Close()
}

// What an earlier run left is gone, whatever becomes of this one.
func TestStaleResultsGo(t *testing.T) {
	withEmulator(t, `exit 1`)
	f, _ := testFleet(t, "6.1")
	stale := filepath.Join(f.cache, "results", "6.1", "probe.json")
	if err := errors.Join(os.MkdirAll(filepath.Dir(stale), 0o750), os.WriteFile(stale, []byte("{}"), 0o600)); err != nil {
		t.Fatal(err)
	}
	if _, err := f.bootAll(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(stale); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("it is there still: %v", err)
	}
}

// Output on any port is a sign of life.
func TestSlowIsNoHang(t *testing.T) {
	withEmulator(t, `for i in 1 2 3 4 5 6; do sleep 0.2; echo $i >>"$KERNEL"; done
for i in 1 2 3 4 5 6; do sleep 0.2; printf .; done; echo; tar -cf "$OUTPUT" -T /dev/null
`+passingGuest)
	f, _ := testFleet(t, "6.1")
	f.machine.quiet = 900 * time.Millisecond
	all, err := f.bootAll(t.Context())
	if err != nil || len(all[0].trouble()) != 0 {
		t.Errorf("%v, %v", all[0].trouble(), err)
	}
}

func TestTimeout(t *testing.T) {
	withEmulator(t, `while echo alive; do sleep 0.1; done`)
	f, _ := testFleet(t, "6.1")
	f.machine.timeout = 500 * time.Millisecond
	all, err := f.bootAll(t.Context())
	if err != nil || all[0].err == nil || !strings.Contains(all[0].err.Error(), "stopped after 500ms") {
		t.Errorf("%v, %v", all[0].err, err)
	}
}
