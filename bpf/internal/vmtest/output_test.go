package main

import (
	"archive/tar"
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"testing"

	"whyres/bpf/internal/vmtest/protocol"
)

func TestUnpackOutput(t *testing.T) {
	dir := t.TempDir()
	archive, to := filepath.Join(dir, "a.tar"), filepath.Join(dir, "results")
	content, err := io.ReadAll(tarOf(t, file("probe.json"), file("seed.whyres.zst")))
	if err != nil {
		t.Fatal(err)
	}
	stale := filepath.Join(to, "stale")
	if err := errors.Join(os.Mkdir(to, 0o700), os.WriteFile(stale, nil, 0o600), os.WriteFile(archive, content, 0o600)); err != nil {
		t.Fatal(err)
	}
	names, err := unpackOutput(archive, to)
	if err != nil || fmt.Sprint(names) != "[probe.json seed.whyres.zst]" {
		t.Errorf("%v, %v", names, err)
	}
	if text, err := os.ReadFile(filepath.Join(to, "probe.json")); string(text) != "probe.json" {
		t.Errorf("%q, %v", text, err)
	}
	if _, err := os.Stat(stale); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("what another run left is still there: %v", err)
	}
}

func TestUnpackRefuses(t *testing.T) {
	var many []tar.Header
	for i := range maxOutputFiles + 1 {
		many = append(many, file(fmt.Sprint("f", i)))
	}
	for name, entries := range map[string][]tar.Header{
		"up":      {file("../x")},
		"deep":    {file("a/b")},
		"root":    {file("/etc/x")},
		"hidden":  {file(".x")},
		"command": {file("a\x1b[2J")},
		"link":    {{Name: "a", Linkname: "/etc/passwd", Typeflag: tar.TypeSymlink}},
		"many":    many,
	} {
		written := 0
		_, err := unpack(tarOf(t, entries...), func(string, io.Reader) error { written++; return nil })
		if !errors.Is(err, errOutput) || written == len(entries) {
			t.Errorf("%s: %v, %d written", name, err, written)
		}
	}
	var large bytes.Buffer
	if err := tar.NewWriter(&large).WriteHeader(&tar.Header{Name: "a", Typeflag: tar.TypeReg, Size: protocol.MaxOutput + 1}); err != nil {
		t.Fatal(err)
	}
	if _, err := unpack(&large, func(string, io.Reader) error { return nil }); !errors.Is(err, errOutput) {
		t.Errorf("large: %v", err)
	}
}

// A machine that stops in the middle of it leaves a piece.
func TestUnpackTornArchive(t *testing.T) {
	whole, err := io.ReadAll(tarOf(t, file("probe.json")))
	if err != nil {
		t.Fatal(err)
	}
	drain := func(_ string, r io.Reader) error { _, err := io.Copy(io.Discard, r); return err }
	if _, err := unpack(bytes.NewReader(whole[:515]), drain); !errors.Is(err, errOutput) {
		t.Errorf("torn: %v", err)
	}
}
