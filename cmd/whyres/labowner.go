package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"

	"golang.org/x/sys/unix"
)

// give hands a file to the user who called sudo.
func (f *labFolder) give(file *os.File) error {
	if f.who == nil {
		return nil
	}
	if err := file.Chown(f.who.IDs()); err != nil {
		return fmt.Errorf("give %s to you: %w", file.Name(), err)
	}
	return nil
}

// makeDir makes a folder for its owner alone, and opens it: both in the same open
// parent, and without following a link. A user to whom that parent belongs may put
// something in its place in between, but nothing from elsewhere.
func makeDir(name string) (*os.File, error) {
	name = filepath.Clean(name)
	parent, err := os.OpenFile(filepath.Dir(name), unix.O_PATH|unix.O_DIRECTORY, 0)
	if err != nil {
		return nil, err
	}
	defer func() { _ = parent.Close() }() // nothing is written by it
	at, base := int(parent.Fd()), filepath.Base(name)
	if err := unix.Mkdirat(at, base, 0o700); err != nil {
		return nil, &fs.PathError{Op: "mkdir", Path: name, Err: err}
	}
	return openMade(at, base, name)
}

func openMade(at int, base, name string) (*os.File, error) {
	fd, err := unix.Openat(at, base, unix.O_RDONLY|unix.O_DIRECTORY|unix.O_NOFOLLOW|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil, &fs.PathError{Op: "open", Path: name, Err: err}
	}
	return os.NewFile(uintptr(fd), name), nil
}

// giveNew hands over the folder that was just made: one of root's, for root alone, and
// empty. All else is what somebody has put in its place.
func (f *labFolder) giveNew() error {
	if f.who == nil {
		return nil
	}
	info, err := f.dir.Stat()
	if err != nil {
		return err
	}
	_, err = f.dir.Readdirnames(1)
	uid, known := ownerOf(info)
	if !known || uid != os.Geteuid() || info.Mode().Perm()&0o077 != 0 || !errors.Is(err, io.EOF) {
		return fmt.Errorf("%s is not the folder that was made a moment ago: who has put another in its place?", f.name)
	}
	return f.give(f.dir)
}

// lock keeps a second lab out, which would write the same files, until the folder is
// closed or whyres has ended. Who only reads needs none.
func (f *labFolder) lock() error {
	err := unix.Flock(int(f.dir.Fd()), unix.LOCK_EX|unix.LOCK_NB)
	switch {
	case errors.Is(err, unix.EWOULDBLOCK):
		return fmt.Errorf("another whyres lab is at work in %s: wait until it has ended, or look at what it has so far with --show %s", f.name, f.name)
	case err != nil:
		return fmt.Errorf("cannot lock %s: %w", f.name, err)
	}
	return nil
}

// trusted refuses a folder that somebody else may have written: its results hold
// command lines, which --resume runs.
func (f *labFolder) trusted() error {
	info, err := f.dir.Stat()
	if err != nil {
		return err
	}
	if err := f.own(f.name, info); err != nil {
		return err
	}
	file, err := openRegular(f.root, labResults)
	if err != nil {
		return fmt.Errorf("%s holds no lab: %w", f.name, err)
	}
	defer func() { _ = file.Close() }() // only looked at
	if info, err = file.Stat(); err != nil {
		return err
	}
	return f.own(f.name+"/"+labResults, info)
}

// own tells whether a file is root's or the user's, and nobody else writes it.
func (f *labFolder) own(name string, info fs.FileInfo) error {
	const because = "the commands in it would be run"
	me := os.Geteuid()
	if f.who != nil {
		me, _ = f.who.IDs()
	}
	switch uid, known := ownerOf(info); {
	case !known || uid != 0 && uid != me:
		return fmt.Errorf("%s belongs to another user (number %d), and %s: have its owner resume it by sudo, or look at it with --show %s", name, uid, because, f.name)
	case info.Mode().Perm()&0o022 != 0:
		return fmt.Errorf("%s can be written by others, and %s: if nobody has changed it, chmod go-w %s", name, because, name)
	}
	return nil
}

func ownerOf(info fs.FileInfo) (uid int, known bool) {
	stat, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return -1, false
	}
	return int(stat.Uid), true
}
