package main

import (
	"archive/tar"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"strings"
)

// maxImage bounds a kernel image; those of 5.10 to 7.3 have 7 to 14 MB.
const maxImage = 128 << 20

// errNoImage: the package has no kernel image where packages have it.
var errNoImage = errors.New("no kernel image in the package")

// images is the cache of kernel images: files LINE_VERSION.vmlinuz. One that
// was put there by hand is used like any other.
type images struct {
	dir    string
	update bool // look for a newer version of what is there
	apt    *apt // made when first needed
	log    io.Writer
}

// image is the path of the line's newest kernel, fetched if it is not there.
func (im *images) image(ctx context.Context, line string) (string, error) {
	have, err := filepath.Glob(filepath.Join(im.dir, line+"_*.vmlinuz"))
	if err != nil {
		return "", err
	}
	if len(have) > 0 && !im.update {
		return have[len(have)-1], nil
	}
	file, err := im.fetch(ctx, line)
	if err != nil {
		return "", err
	}
	for _, old := range have {
		if old != file {
			_ = os.Remove(old)
		}
	}
	return file, nil
}

func (im *images) fetch(ctx context.Context, line string) (string, error) {
	if err := im.startApt(ctx); err != nil {
		return "", err
	}
	p, err := im.apt.find(ctx, line)
	if err != nil {
		return "", err
	}
	file := filepath.Join(im.dir, line+"_"+p.version+".vmlinuz")
	if _, err := os.Stat(file); err == nil {
		return file, nil
	}
	_, _ = fmt.Fprintf(im.log, "fetching %s %s\n", p.name, p.version)
	deb, err := im.apt.download(ctx, p)
	if err != nil {
		return "", err
	}
	defer func() { _ = os.Remove(deb) }()
	return file, extractImage(ctx, deb, file)
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

// extractImage writes the kernel image of a .deb to file, whole or not at all.
func extractImage(ctx context.Context, deb, file string) error {
	cmd := exec.CommandContext(ctx, "dpkg-deb", "--fsys-tarfile", deb)
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		return err
	}
	if err := cmd.Start(); err != nil {
		return err
	}
	err = imageOfTar(out, file+".partial")
	// The rest of the archive is not worth unpacking; that dpkg-deb minds
	// being stopped tells nothing.
	_ = cmd.Process.Kill()
	_ = cmd.Wait()
	if err != nil {
		_ = os.Remove(file + ".partial")
		return fmt.Errorf("%s: %w", filepath.Base(deb), err)
	}
	return os.Rename(file+".partial", file)
}

// imageOfTar copies the first file that is a kernel image.
func imageOfTar(r io.Reader, file string) error {
	archive := tar.NewReader(r)
	for {
		h, err := archive.Next()
		if errors.Is(err, io.EOF) {
			return errNoImage
		}
		if err != nil {
			return err
		}
		if h.Typeflag == tar.TypeReg && isImage(h.Name) {
			return copyImage(archive, h.Size, file)
		}
	}
}

// isImage knows the places: boot/vmlinuz-VERSION, and from 7.2
// usr/lib/modules/VERSION/vmlinuz.
func isImage(name string) bool {
	dir, base := path.Split(path.Clean("/" + name))
	return dir == "/boot/" && strings.HasPrefix(base, "vmlinuz-") ||
		strings.HasPrefix(dir, "/usr/lib/modules/") && base == "vmlinuz"
}

func copyImage(r io.Reader, size int64, file string) error {
	if size <= 0 || size > maxImage {
		return fmt.Errorf("%w: what has its name has %d bytes, want 1 to %d", errNoImage, size, maxImage)
	}
	f, err := os.Create(file)
	if err != nil {
		return err
	}
	_, err = io.CopyN(f, r, size)
	return errors.Join(err, f.Close())
}
