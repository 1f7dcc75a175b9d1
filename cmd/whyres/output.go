package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"

	"golang.org/x/sys/unix"

	"whyres/cmd/whyres/internal/launch"
)

// recordingFile is a recording being written. Until something is in it, giving
// it up removes it.
type recordingFile struct {
	*os.File
	created bool
	written bool
}

// createRecording makes the file, for its owner alone: stacks and paths are in
// it. It belongs to the user who called sudo. It follows no link and overwrites
// nothing unless told to; a file that was there keeps its owner.
func createRecording(path string, force bool) (*recordingFile, error) {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL|unix.O_NOFOLLOW, 0o600)
	created := err == nil
	if force && errors.Is(err, fs.ErrExist) {
		f, err = os.OpenFile(path, os.O_WRONLY|os.O_TRUNC|unix.O_NOFOLLOW, 0o600)
	}
	switch {
	case errors.Is(err, fs.ErrExist):
		return nil, fmt.Errorf("%s is there already: choose another name for -o, or add --force", path)
	case errors.Is(err, unix.ELOOP):
		return nil, fmt.Errorf("%s is a symbolic link: -o wants a file of its own", path)
	case err != nil:
		return nil, fmt.Errorf("cannot record: %w", err)
	}
	r := &recordingFile{File: f, created: created}
	if who, err := launch.Invoking(os.Geteuid(), os.Getenv); err == nil && who != nil && created {
		if err := f.Chown(who.IDs()); err != nil {
			return nil, errors.Join(fmt.Errorf("give %s to you: %w", path, err), r.Close())
		}
	}
	return r, nil
}

// Write says what to do when the disk is full.
func (r *recordingFile) Write(b []byte) (int, error) {
	n, err := r.File.Write(b)
	r.written = r.written || n > 0
	if errors.Is(err, unix.ENOSPC) || errors.Is(err, unix.EDQUOT) {
		err = fmt.Errorf("no room to record; what fitted in can be replayed; make room or choose another place for -o: %w", err)
	}
	return n, err
}

// Close closes the file, and removes it if it is ours and empty.
func (r *recordingFile) Close() error {
	failed := []error{r.File.Close()}
	if r.created && !r.written {
		failed = append(failed, os.Remove(r.Name()))
	}
	return errors.Join(failed...)
}
