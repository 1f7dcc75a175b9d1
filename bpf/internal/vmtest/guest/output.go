package main

import (
	"archive/tar"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"

	"whyres/bpf/internal/vmtest/protocol"
)

// errTooMuch: what the tests left is more than the host takes.
var errTooMuch = fmt.Errorf("the tests left more than %d MiB of output", protocol.MaxOutput>>20)

// sendOutput writes the files of dir to a serial port, as a tar archive.
func sendOutput(port, dir string) error {
	to, err := os.OpenFile(port, os.O_WRONLY|unix.O_NOCTTY, 0)
	if err != nil {
		return err
	}
	err = makeRaw(int(to.Fd()))
	if err == nil {
		err = writeTar(to, dir)
	}
	const drain = 1 // tcdrain(3) is TCSBRK with a non-zero argument
	return errors.Join(err, unix.IoctlSetInt(int(to.Fd()), unix.TCSBRK, drain), to.Close())
}

// makeRaw keeps the terminal driver from turning line ends into two bytes.
func makeRaw(fd int) error {
	settings, err := unix.IoctlGetTermios(fd, unix.TCGETS)
	if err != nil {
		return fmt.Errorf("settings of the serial port: %w", err)
	}
	settings.Oflag &^= unix.OPOST
	return unix.IoctlSetTermios(fd, unix.TCSETS, settings)
}

func writeTar(to io.Writer, dir string) error {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	archive, total := tar.NewWriter(to), 0
	for _, e := range entries {
		if !e.Type().IsRegular() {
			continue
		}
		content, err := os.ReadFile(filepath.Join(dir, e.Name()))
		if err != nil {
			return err
		}
		if total += len(content); total > protocol.MaxOutput {
			return errTooMuch
		}
		if err := archive.WriteHeader(&tar.Header{Name: e.Name(), Mode: 0o644, Size: int64(len(content)), Typeflag: tar.TypeReg}); err != nil {
			return err
		}
		if _, err := archive.Write(content); err != nil {
			return err
		}
	}
	return archive.Close()
}
