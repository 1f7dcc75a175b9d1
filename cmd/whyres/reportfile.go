package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"syscall"

	"golang.org/x/sys/unix"

	"whyres/cmd/whyres/internal/launch"
	"whyres/cmd/whyres/internal/timeline"
	"whyres/collector/ledger"
)

// produce has a report written to the file of -o, or else to standard output.
func (o *reportOptions) produce(s streams, write func(io.Writer, *reads) error) error {
	progress := &reads{}
	if o.output == "" {
		return write(s.out, progress)
	}
	f, err := newReportFile(o.output, o.force)
	if err != nil {
		return err
	}
	defer f.discard()
	if err := write(f, progress); err != nil {
		return err
	}
	size, err := f.keep(progress.files)
	if err != nil {
		return err
	}
	s.say("%s written, %s", timeline.Clean(o.output, 200), ledger.Size(size))
	return nil
}

// reportFile is written beside its name, and gets it once it is whole: what stood
// there before may be what the report is made of, and is better than half a report.
type reportFile struct {
	file  *os.File
	path  string
	force bool
	kept  bool
}

// newReportFile makes the file, for its owner alone: stacks and paths are in it. It
// belongs to the user who called sudo; one that takes another's place keeps that
// one's owner and rights.
func newReportFile(path string, force bool) (*reportFile, error) {
	before, err := replaced(path, force)
	if err != nil {
		return nil, err
	}
	file, err := os.CreateTemp(filepath.Dir(path), ".whyres-*")
	if err != nil {
		return nil, cannotWrite(path, err)
	}
	f := &reportFile{file: file, path: path, force: force}
	if err := f.give(before); err != nil {
		f.discard()
		return nil, err
	}
	return f, nil
}

// replaced is the file that is there already, nil for none.
func replaced(path string, force bool) (fs.FileInfo, error) {
	info, err := os.Lstat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, nil
	case err != nil:
		return nil, cannotWrite(path, err)
	case !force:
		return nil, thereAlready(path)
	case info.Mode()&fs.ModeSymlink != 0:
		return nil, fmt.Errorf("%s is a symbolic link: -o wants a file of its own", path)
	case !info.Mode().IsRegular():
		return nil, fmt.Errorf("%s is no regular file: leave -o out and send standard output there", path)
	}
	return info, nil
}

func thereAlready(path string) error {
	return fmt.Errorf("%s is there already: choose another name for -o, or add --force", path)
}

// cannotWrite leaves out the name that the file has meanwhile.
func cannotWrite(path string, err error) error {
	if errors.Is(err, unix.ENOSPC) || errors.Is(err, unix.EDQUOT) {
		return fmt.Errorf("no room for %s, nothing of it is kept; make room or choose another place for -o: %w", path, withoutPath(err))
	}
	return fmt.Errorf("cannot write %s: %w", path, withoutPath(err))
}

func (f *reportFile) give(before fs.FileInfo) error {
	if before == nil {
		who, err := launch.Invoking(os.Geteuid(), os.Getenv)
		if err != nil || who == nil {
			return nil //nolint:nilerr // then it is root's, who called
		}
		if err := f.file.Chown(who.IDs()); err != nil {
			return fmt.Errorf("give %s to you: %w", f.path, withoutPath(err))
		}
		return nil
	}
	if is, ok := before.Sys().(*syscall.Stat_t); ok {
		if err := f.file.Chown(int(is.Uid), int(is.Gid)); err != nil {
			return fmt.Errorf("cannot leave %s to its owner, choose another name for -o: %w", f.path, withoutPath(err))
		}
	}
	if err := f.file.Chmod(before.Mode().Perm()); err != nil {
		return cannotWrite(f.path, err)
	}
	return nil
}

func (f *reportFile) Write(b []byte) (int, error) {
	n, err := f.file.Write(b)
	if err != nil {
		err = cannotWrite(f.path, err)
	}
	return n, err
}

// keep gives the file its name, unless it would take the place of one that was read.
func (f *reportFile) keep(read []fs.FileInfo) (size int64, err error) {
	before, err := replaced(f.path, f.force)
	if err != nil {
		return 0, err
	}
	if before != nil && slices.ContainsFunc(read, func(i fs.FileInfo) bool { return os.SameFile(i, before) }) {
		return 0, fmt.Errorf("%s is what the report is made of: choose another name for -o", f.path)
	}
	info, err := f.file.Stat()
	if err == nil {
		err = errors.Join(f.file.Sync(), f.file.Close())
	}
	if err != nil {
		return 0, cannotWrite(f.path, err)
	}
	if err := f.rename(); err != nil {
		return 0, err
	}
	f.kept = true
	return info.Size(), nil
}

// rename overwrites no file that came meanwhile, where the file system can tell.
func (f *reportFile) rename() error {
	if !f.force {
		switch err := unix.Renameat2(unix.AT_FDCWD, f.file.Name(), unix.AT_FDCWD, f.path, unix.RENAME_NOREPLACE); {
		case err == nil:
			return nil
		case errors.Is(err, fs.ErrExist):
			return thereAlready(f.path)
		case !errors.Is(err, unix.EINVAL) && !errors.Is(err, unix.ENOSYS):
			return cannotWrite(f.path, err)
		}
	}
	if err := os.Rename(f.file.Name(), f.path); err != nil {
		var link *os.LinkError
		if errors.As(err, &link) {
			err = link.Err
		}
		return cannotWrite(f.path, err)
	}
	return nil
}

// discard takes the file away unless it was kept.
func (f *reportFile) discard() {
	if !f.kept {
		_ = f.file.Close()           // of what nobody wants
		_ = os.Remove(f.file.Name()) // what cannot be taken away is hidden at least
	}
}
