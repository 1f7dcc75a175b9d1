package main

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// only: the folder holds these files, and none that was being written.
func only(t *testing.T, dir string, names ...string) {
	t.Helper()
	list, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, e := range list {
		got = append(got, e.Name())
	}
	if strings.Join(got, " ") != strings.Join(names, " ") {
		t.Errorf("the folder holds %q, want %q", got, names)
	}
}

// What stood under the name of -o is there until the report is whole.
func TestReportKeepsWhatItCannotReplace(t *testing.T) {
	recording, err := os.ReadFile(held)
	if err != nil {
		t.Fatal(err)
	}
	for _, format := range []string{"html", "json", "pprof", "perfetto"} {
		for _, c := range []struct {
			name, in, says string
		}{
			{"a bad input", "bad", "not a whyres recording"},
			{"itself", "out", "what the report is made of"},
			{"itself by a link", "link", "what the report is made of"},
			{"itself by another name", "hard", "what the report is made of"},
			{"itself on standard input", "-", "what the report is made of"},
		} {
			t.Run(format+" of "+c.name, func(t *testing.T) {
				dir := t.TempDir()
				at := func(name string) string { return filepath.Join(dir, name) }
				for name, content := range map[string][]byte{"out": recording, "bad": []byte("mine")} {
					if err := os.WriteFile(at(name), content, 0o640); err != nil {
						t.Fatal(err)
					}
				}
				if err := os.Symlink("out", at("link")); err != nil {
					t.Fatal(err)
				}
				if err := os.Link(at("out"), at("hard")); err != nil {
					t.Fatal(err)
				}
				stdin, err := os.Open(at("out"))
				if err != nil {
					t.Fatal(err)
				}
				defer stdin.Close()
				in := c.in
				if in != "-" {
					in = at(in)
				}
				var out, diagnostics bytes.Buffer
				code := run(context.Background(), []string{"report", in, "--format", format, "-o", at("out"), "--force"}, stdin, &out, &diagnostics)
				if code != exitFailed || !strings.Contains(diagnostics.String(), c.says) {
					t.Errorf("exit %d, %s", code, diagnostics.String())
				}
				if kept, err := os.ReadFile(at("out")); err != nil || !bytes.Equal(kept, recording) {
					t.Errorf("%d bytes of %d are left, %v", len(kept), len(recording), err)
				}
				only(t, dir, "bad", "hard", "link", "out")
			})
		}
	}
}

// The file that takes another's place keeps its owner and rights; one that is no file
// is not replaced.
func TestReportReplaces(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "out")
	if err := os.WriteFile(path, []byte("mine"), 0o640); err != nil {
		t.Fatal(err)
	}
	if os.Geteuid() == 0 {
		if err := os.Chown(path, 1234, 1235); err != nil {
			t.Fatal(err)
		}
	}
	var before, after unix.Stat_t
	if err := unix.Stat(path, &before); err != nil {
		t.Fatal(err)
	}
	if got := exported(nil, held, "--format", "pprof", "-o", path, "--force"); got.code != exitDone {
		t.Fatalf("%+v", got)
	}
	if err := unix.Stat(path, &after); err != nil {
		t.Fatal(err)
	}
	if after.Uid != before.Uid || after.Gid != before.Gid || after.Mode != before.Mode || after.Size == before.Size {
		t.Errorf("%+v, it was %+v", after, before)
	}
	fifo := filepath.Join(dir, "fifo")
	if err := unix.Mkfifo(fifo, 0o600); err != nil {
		t.Fatal(err)
	}
	if got := exported(nil, held, "--format", "perfetto", "-o", fifo, "--force"); got.code != exitFailed || !strings.Contains(got.err, "no regular file") {
		t.Errorf("%+v", got)
	}
	only(t, dir, "fifo", "out")
}

// On a full disk there is no half of a report, and it is said what to do.
func TestReportOnAFullDisk(t *testing.T) {
	dir := t.TempDir()
	if err := unix.Mount("whyres", dir, "tmpfs", 0, "size=32k"); err != nil {
		t.Skipf("a small file system needs root: %v", err)
	}
	t.Cleanup(func() {
		if err := unix.Unmount(dir, 0); err != nil {
			t.Error(err)
		}
	})
	for _, format := range []string{"html", "perfetto"} {
		got := exported(nil, held, "--format", format, "-o", filepath.Join(dir, "out"))
		if got.code != exitFailed || !strings.Contains(got.err, "no room for") || !strings.Contains(got.err, "another place for -o") || strings.Contains(got.err, "replayed") {
			t.Errorf("%s: %+v", format, got)
		}
		only(t, dir)
	}
}
