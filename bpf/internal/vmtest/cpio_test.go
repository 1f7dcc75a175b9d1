package main

import (
	"bytes"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

func archiveOf(t *testing.T) []byte {
	t.Helper()
	var b bytes.Buffer
	c := newCpioWriter(&b)
	c.dir("etc")
	c.char("console", 5, 1)
	for _, text := range []string{"", "a", "ab", "abc", "abcd"} {
		c.file("etc/len"+string(rune('0'+len(text))), 0o644, int64(len(text)), strings.NewReader(text))
	}
	if err := c.close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// The header by hand, after the kernel's buffer-format document.
func TestCpioHeader(t *testing.T) {
	const want = "070701" +
		"00000001" + // inode
		"000041ed" + // directory, rwxr-xr-x
		"00000000" + "00000000" + // uid, gid
		"00000001" + // links
		"00000000" + // mtime
		"00000000" + // size
		"00000000" + "00000000" + // device of the file
		"00000000" + "00000000" + // device that it is
		"00000004" + // length of the name with its zero
		"00000000" + // checksum, unused
		"etc\x00" + "\x00\x00" // 110 + 4 bytes, filled up to 116
	got := archiveOf(t)
	if !strings.HasPrefix(string(got), want+"070701") {
		t.Errorf("archive begins with\n%q, want\n%q", got[:min(len(got), len(want)+6)], want)
	}
	if len(got)%4 != 0 {
		t.Errorf("%d bytes, want a multiple of four", len(got))
	}
}

// cpio(1) is the oracle: what it unpacks is what was put in.
func TestCpioUnpacks(t *testing.T) {
	if _, err := exec.LookPath("cpio"); err != nil {
		t.Skip("needs cpio: apt-get install cpio")
	}
	list := exec.Command("cpio", "-tv", "--quiet", "--numeric-uid-gid")
	list.Stdin = bytes.NewReader(archiveOf(t))
	out, err := list.CombinedOutput()
	if err != nil {
		t.Fatalf("cpio -t: %v\n%s", err, out)
	}
	if !strings.Contains(string(out), "crw-------") || !strings.Contains(string(out), "5,   1") {
		t.Errorf("no device 5,1 in\n%s", out)
	}
	dir := t.TempDir()
	unpack := exec.Command("cpio", "-id", "--quiet", "etc*")
	unpack.Dir, unpack.Stdin = dir, bytes.NewReader(archiveOf(t))
	if out, err := unpack.CombinedOutput(); err != nil {
		t.Fatalf("cpio -i: %v\n%s", err, out)
	}
	for name, want := range map[string]string{"len0": "", "len1": "a", "len2": "ab", "len3": "abc", "len4": "abcd"} {
		got, err := os.ReadFile(filepath.Join(dir, "etc", name))
		if err != nil || string(got) != want {
			t.Errorf("%s holds %q (%v), want %q", name, got, err, want)
		}
	}
}

func TestCpioErrors(t *testing.T) {
	for _, tc := range []struct {
		name string
		size int64
		text string
		want error
	}{
		{"shorter than said", 5, "abc", io.EOF},
		{"too big", 1 << 32, "", errCpioSize},
		{"negative", -1, "", errCpioSize},
	} {
		c := newCpioWriter(io.Discard)
		c.file("x", 0o644, tc.size, strings.NewReader(tc.text))
		c.file("y", 0o644, 1, strings.NewReader("y"))
		if err := c.close(); !errors.Is(err, tc.want) {
			t.Errorf("%s: %v, want %v", tc.name, err, tc.want)
		}
	}
}
