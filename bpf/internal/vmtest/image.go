package main

import (
	"archive/tar"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"sync"
)

// maxFile bounds a file of a package; kernel images of 5.10 to 7.3 have 11 to 14 MB.
const maxFile = 128 << 20

// errNoFile: the package has no kernel image, or what else was wanted, where
// packages have it.
var errNoFile = errors.New("not in the package")

// images is the cache of what machines are made of: kernels LINE_VERSION.vmlinuz and
// the shell, each with its checksum beside it. A kernel that was put there by hand is
// used like any other.
type images struct {
	dir    string
	update bool // look for a newer version of what is there
	log    io.Writer

	mu  sync.Mutex // apt does one thing at a time
	apt *apt       // made when first needed
}

// image is the path of the line's newest kernel, fetched if it is not there.
func (im *images) image(ctx context.Context, line string) (string, error) {
	return im.file(ctx, kernelPart(line))
}

// tools are the machines' /bin: a shell that executes what it is told to (busybox runs
// its own sleep within itself), and two small programs.
func (im *images) tools(ctx context.Context) (map[string]string, error) {
	shell, err := im.file(ctx, programPart("bash-static"))
	if err != nil {
		return nil, err
	}
	small, err := im.file(ctx, programPart("busybox-static"))
	if err != nil {
		return nil, err
	}
	return map[string]string{"sh": shell, "sleep": small, "uname": small}, nil
}

// file is the path of the newest version of a part.
func (im *images) file(ctx context.Context, p part) (string, error) {
	im.mu.Lock()
	defer im.mu.Unlock()
	have, err := filepath.Glob(filepath.Join(im.dir, p.prefix+"_*"+p.suffix))
	if err != nil {
		return "", err
	}
	have = slices.DeleteFunc(have, func(file string) bool { return filepath.Ext(file) == ".sha256" || filepath.Ext(file) == ".partial" })
	slices.SortFunc(have, compareVersions)
	if len(have) > 0 && !im.update {
		file := have[len(have)-1]
		damaged, err := im.check(file)
		if err != nil || !damaged {
			return file, err
		}
	}
	file, err := im.fetch(ctx, p)
	if err != nil {
		return "", err
	}
	for _, old := range have {
		if old != file {
			_, _ = os.Remove(old), os.Remove(sumFile(old))
		}
	}
	return file, nil
}

// check says whether the file is damaged. One of unknown origin is not known to be.
func (im *images) check(file string) (damaged bool, err error) {
	err = checkSum(file)
	switch {
	case errors.Is(err, errUnsummed):
		_, _ = fmt.Fprintf(im.log, "%v: used as it is\n", err)
	case errors.Is(err, errDamaged):
		_, _ = fmt.Fprintf(im.log, "%v: fetching it again\n", err)
		return true, errors.Join(os.Remove(file), os.Remove(sumFile(file)))
	case err != nil:
		return false, err
	}
	return false, nil
}

func (im *images) fetch(ctx context.Context, p part) (string, error) {
	if err := im.startApt(ctx); err != nil {
		return "", err
	}
	deb, err := im.apt.find(ctx, p.packages)
	if err != nil {
		return "", err
	}
	file := filepath.Join(im.dir, p.prefix+"_"+deb.version+p.suffix)
	if checkSum(file) == nil {
		return file, nil
	}
	_, _ = fmt.Fprintf(im.log, "fetching %s %s\n", deb.name, deb.version)
	archive, err := im.apt.download(ctx, deb)
	if err != nil {
		return "", err
	}
	defer func() { _ = os.Remove(archive) }()
	return file, extract(ctx, archive, file, p.holds)
}

func (im *images) startApt(ctx context.Context) error {
	if im.apt != nil {
		return nil
	}
	a, err := newApt(ctx, filepath.Join(im.dir, "apt"))
	if err != nil {
		return err
	}
	_, _ = fmt.Fprintln(im.log, "fetching the lists of Debian's packages")
	if err := a.update(ctx); err != nil {
		return err
	}
	im.apt = a
	return nil
}

// extract writes the wanted file of a .deb to file and its checksum beside it, whole
// or not at all.
func extract(ctx context.Context, deb, file string, wanted func(name string) bool) error {
	cmd := exec.CommandContext(ctx, "dpkg-deb", "--fsys-tarfile", deb)
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		return err
	}
	if err := cmd.Start(); err != nil {
		return err
	}
	err = fileOfTar(out, file+".partial", wanted)
	// The rest of the archive is not worth unpacking; that dpkg-deb minds
	// being stopped tells nothing.
	_ = cmd.Process.Kill()
	_ = cmd.Wait()
	if err != nil {
		_ = os.Remove(file + ".partial")
		return fmt.Errorf("%s: %w", filepath.Base(deb), err)
	}
	// The checksum first: a file without one would be taken as it is.
	if err := writeSum(file, file+".partial"); err != nil {
		return err
	}
	return os.Rename(file+".partial", file)
}

// fileOfTar copies the first file that is wanted.
func fileOfTar(r io.Reader, file string, wanted func(name string) bool) error {
	archive := tar.NewReader(r)
	for {
		h, err := archive.Next()
		if errors.Is(err, io.EOF) {
			return errNoFile
		}
		if err != nil {
			return err
		}
		if h.Typeflag == tar.TypeReg && wanted(h.Name) {
			return copyFile(archive, h.Size, file)
		}
	}
}

func copyFile(r io.Reader, size int64, file string) error {
	if size <= 0 || size > maxFile {
		return fmt.Errorf("%w: what has its name has %d bytes, want 1 to %d", errNoFile, size, maxFile)
	}
	f, err := os.Create(file)
	if err != nil {
		return err
	}
	_, err = io.CopyN(f, r, size)
	return errors.Join(err, f.Close())
}
