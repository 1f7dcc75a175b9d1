package main

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

func TestUsage(t *testing.T) {
	for _, args := range [][]string{
		{},
		{"-kernels", "6.1"},
		{"-kernels", "", "./bpf"},
		{"-kernels", "6", "./bpf"},
		{"-kernels", "6.1,../x", "./bpf"},
		{"-kernels", "6.1-rc1", "./bpf"},
		{"-kernels", "6.1 6.1", "./bpf"},
		{"-jobs", "0", "./bpf"},
		{"-quiet", "0s", "./bpf"},
		{"-run", "(", "./bpf"},
		{"-nonsense", "./bpf"},
	} {
		if _, err := parse(args, io.Discard); !errors.Is(err, errUsage) {
			t.Errorf("%q: %v, want wrong usage", args, err)
		}
	}
	s, err := parse([]string{"-kernels", "5.10, 7.1.3", "-run", "TestA", "-cache", "/c", "--", "./bpf"}, io.Discard)
	if err != nil || !slices.Equal(s.lines, []string{"5.10", "7.1.3"}) || !slices.Equal(s.patterns, []string{"./bpf"}) {
		t.Errorf("%+v, %v", s, err)
	}
	if args := s.testArgs(); !slices.Contains(args, "-test.run=TestA") || !slices.Contains(args, "-test.timeout=11m15s") {
		t.Errorf("test arguments %q", args)
	}
}

func TestNoEmulator(t *testing.T) {
	t.Setenv("PATH", "")
	t.Setenv("HOME", t.TempDir())
	err := run(context.Background(), []string{"./bpf"}, io.Discard, io.Discard)
	if !errors.Is(err, exec.ErrNotFound) || !strings.Contains(err.Error(), "apt-get install qemu-system-x86") {
		t.Errorf("%v, want what to install", err)
	}
}

func TestEachLine(t *testing.T) {
	var got []string
	long := strings.Repeat("x", 200<<10)
	err := eachLine(strings.NewReader("a\r\n\n"+long+"\nlast"), func(s string) { got = append(got, s) })
	if err != nil || !slices.Equal(got[:2], []string{"a", ""}) || got[len(got)-1] != "last" {
		t.Errorf("%.20q, %v", got, err)
	}
	if strings.Join(got[2:len(got)-1], "") != long {
		t.Error("a long line was not given in full")
	}
}

func TestTable(t *testing.T) {
	good := &result{line: "5.10", took: 8140 * time.Millisecond}
	good.console = *read(booted + "\x16--- PASS: TestA (0s)\n\x16--- SKIP: TestB (0s)\nwhyres-vm: exit 0\nwhyres-vm: done\n")
	bad := &result{line: "7.3", took: time.Minute, err: errors.New("stopped after 1m0s"), log: "logs/7.3.log"}
	bad.console = *read("\x16=== RUN   TestA\nthe reason\n")
	none := &result{line: "5.4", err: errNoKernel}
	var table, trouble bytes.Buffer
	if err := writeTable(&table, []*result{good, bad, none}); err != nil {
		t.Fatal(err)
	}
	writeTrouble(&trouble, []*result{good, bad, none})
	const wantTable = `kernel  release               seconds  passed  failed  skipped  verdict
5.10    6.1.0-50-cloud-amd64  8.1      1       0       1        ok
7.3     (did not report)      60.0     0       1       0        FAILED
5.4     (did not report)      0.0      0       0       0        FAILED
`
	if got := table.String(); got != wantTable {
		t.Errorf("table\n%s\nwant\n%s", got, wantTable)
	}
	const wantTrouble = `
kernel 7.3: stopped after 1m0s; the kernel did not report; 1 tests did not end
--- UNFINISHED:  TestA
the reason
--- the kernel said nothing
all of it: logs/7.3.log; the kernel's messages: logs/7.3.kernel.log

kernel 5.4: no Debian suite has this kernel
`
	if got := trouble.String(); got != wantTrouble {
		t.Errorf("trouble\n%s\nwant\n%s", got, wantTrouble)
	}
}

func TestInitramfs(t *testing.T) {
	if _, err := exec.LookPath("cpio"); err != nil {
		t.Skip("needs cpio: apt-get install cpio")
	}
	dir := t.TempDir()
	err := errors.Join(os.MkdirAll(filepath.Join(dir, "testdata", "deep"), 0o750), os.Mkdir(filepath.Join(dir, "programs"), 0o750),
		os.Symlink("../golden", filepath.Join(dir, "testdata", "deep", "link")))
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"guest", "shell", "a.test", "programs/whyres", "testdata/deep/golden"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(name), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	to := filepath.Join(dir, "initramfs")
	tests := []compiled{{goPackage{ImportPath: "whyres/a", Dir: dir}, filepath.Join(dir, "a.test")}}
	g := guestSystem{
		init: filepath.Join(dir, "guest"), tools: map[string]string{"sh": filepath.Join(dir, "shell")},
		programs: filepath.Join(dir, "programs"), tests: tests, args: []string{"-test.v"},
	}
	if err := g.write(to); err != nil {
		t.Fatal(err)
	}
	archive, err := os.ReadFile(to)
	if err != nil {
		t.Fatal(err)
	}
	list := exec.Command("cpio", "-t", "--quiet")
	list.Stdin = bytes.NewReader(archive)
	out, err := list.Output()
	if err != nil {
		t.Fatal(err)
	}
	want := "dev dev/console dev/null init bin bin/sh programs programs/whyres " +
		"tests tests/0 tests/0/test tests/0/testdata tests/0/testdata/deep tests/0/testdata/deep/golden tests/0/testdata/deep/link plan.json"
	if got := strings.Join(strings.Fields(string(out)), " "); got != want {
		t.Errorf("initramfs holds %s\nwant %s", got, want)
	}
	const plan = `{"tests":[{"package":"whyres/a","binary":"/tests/0/test","dir":"/tests/0","args":["-test.v"]}]}`
	if !bytes.Contains(archive, []byte(plan)) {
		t.Errorf("the initramfs lacks the plan %s", plan)
	}
	g.init = filepath.Join(dir, "missing")
	if err := g.write(to); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("without a guest: %v", err)
	}
}
