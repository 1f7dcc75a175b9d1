package main

import (
	"archive/tar"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"

	"whyres/bpf/internal/vmtest/protocol"
)

// Bounds of what is taken out of a machine.
const maxOutputFiles = 64

// outputName is what a file that comes out of a machine may be called.
var outputName = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$`)

// errOutput: what came out of the machine is not what its tests may leave.
var errOutput = errors.New("the files that the tests left are not usable")

// unpackOutput writes the files of the archive to dir, which is made anew: what an
// earlier run left must not be taken for this one's.
func unpackOutput(archive, dir string) ([]string, error) {
	if err := os.RemoveAll(dir); err != nil {
		return nil, err
	}
	if err := os.MkdirAll(dir, 0o750); err != nil {
		return nil, err
	}
	f, err := os.Open(archive)
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }() // only read
	return unpack(f, func(name string, r io.Reader) error {
		to, err := os.Create(filepath.Join(dir, name))
		if err != nil {
			return err
		}
		_, err = io.Copy(to, r)
		return errors.Join(err, to.Close())
	})
}

// unpack gives each file of a tar archive to write, and checks names and sizes.
func unpack(r io.Reader, write func(name string, r io.Reader) error) (names []string, err error) {
	total := int64(0)
	for archive := tar.NewReader(r); ; {
		h, err := archive.Next()
		if errors.Is(err, io.EOF) {
			return names, nil
		}
		if err != nil {
			return names, fmt.Errorf("%w: %w", errOutput, err)
		}
		total += h.Size
		switch {
		case h.Typeflag != tar.TypeReg || !outputName.MatchString(h.Name):
			return names, fmt.Errorf("%w: the name %q", errOutput, h.Name)
		case total > protocol.MaxOutput || len(names) == maxOutputFiles:
			return names, fmt.Errorf("%w: more than %d files or %d MiB", errOutput, maxOutputFiles, protocol.MaxOutput>>20)
		}
		if err := write(h.Name, archive); err != nil {
			return names, fmt.Errorf("%w: %s: %w", errOutput, h.Name, err)
		}
		names = append(names, h.Name)
	}
}
