package main

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// errDamaged: a file of the cache is not what was put there.
var errDamaged = errors.New("damaged: its sha256 is not the one written beside it")

// errUnsummed: no checksum was written beside the file.
var errUnsummed = errors.New("no sha256 is written beside it")

func sumFile(file string) string { return file + ".sha256" }

// sha256Of is the checksum of the file's content, in hexadecimal.
func sha256Of(file string) (string, error) {
	f, err := os.Open(file)
	if err != nil {
		return "", err
	}
	defer func() { _ = f.Close() }() // only read
	h := sha256.New()
	if _, err := io.Copy(h, f); err != nil {
		return "", err
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}

// writeSum writes the checksum that content has beside file, as sha256sum would: it
// can check it too.
func writeSum(file, content string) error {
	sum, err := sha256Of(content)
	if err != nil {
		return err
	}
	return os.WriteFile(sumFile(file), []byte(sum+"  "+filepath.Base(file)+"\n"), 0o644)
}

// checkSum compares the file with the checksum beside it.
func checkSum(file string) error {
	text, err := os.ReadFile(sumFile(file))
	if errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("%s: %w", filepath.Base(file), errUnsummed)
	}
	if err != nil {
		return err
	}
	want, _, _ := strings.Cut(string(text), " ")
	got, err := sha256Of(file)
	if err != nil {
		return err
	}
	if got != want {
		return fmt.Errorf("%s: %w", filepath.Base(file), errDamaged)
	}
	return nil
}
