package main

import (
	"archive/tar"
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"testing"
)

func tarOf(t *testing.T, entries ...tar.Header) io.Reader {
	t.Helper()
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	for _, h := range entries {
		if err := w.WriteHeader(&h); err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write([]byte(h.Name)[:h.Size]); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return &b
}

func file(name string) tar.Header {
	return tar.Header{Name: name, Typeflag: tar.TypeReg, Size: int64(len(name)), Mode: 0o644}
}

func TestFileOfTar(t *testing.T) {
	link := tar.Header{Name: "./boot/vmlinuz-7.3.4", Linkname: "../usr/lib/modules/7.3.4/vmlinuz", Typeflag: tar.TypeSymlink}
	for _, tc := range []struct {
		name    string
		entries []tar.Header
		want    string // which entry, as each holds its own name
		err     error
	}{
		{"up to 7.1", []tar.Header{file("./boot/config-6.1"), file("./boot/vmlinuz-6.1")}, "./boot/vmlinuz-6.1", nil},
		{"from 7.2", []tar.Header{link, file("./usr/lib/modules/7.3.4/vmlinuz")}, "./usr/lib/modules/7.3.4/vmlinuz", nil},
		{"meta package", []tar.Header{file("./usr/share/doc/linux-image/vmlinuz"), file("./vmlinuz-6.1")}, "", errNoFile},
		{"empty image", []tar.Header{{Name: "./boot/vmlinuz-6.1", Typeflag: tar.TypeReg}}, "", errNoFile},
		{"not a tar", nil, "", errNoFile},
	} {
		to := filepath.Join(t.TempDir(), "vmlinuz")
		err := fileOfTar(tarOf(t, tc.entries...), to, isImage)
		if !errors.Is(err, tc.err) {
			t.Errorf("%s: %v, want %v", tc.name, err, tc.err)
		}
		if got, _ := os.ReadFile(to); string(got) != tc.want {
			t.Errorf("%s: got the file %q, want %q", tc.name, got, tc.want)
		}
	}
}

// What is in the cache is used without a look at the network.
func TestCachedImage(t *testing.T) {
	dir := t.TempDir()
	want := filepath.Join(dir, "6.1_mine.vmlinuz")
	for _, name := range []string{want, filepath.Join(dir, "6.12_1.vmlinuz")} {
		if err := os.WriteFile(name, nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	t.Setenv("PATH", "")
	im := &images{dir: dir, log: io.Discard}
	if got, err := im.image(context.Background(), "6.1"); err != nil || got != want {
		t.Errorf("%q, %v; want %q", got, err, want)
	}
	if _, err := im.image(context.Background(), "5.10"); err == nil {
		t.Error("a kernel that is neither cached nor to be had was found")
	}
}
