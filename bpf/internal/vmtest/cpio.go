package main

import (
	"errors"
	"fmt"
	"io"
	"math"
	"strings"
)

// The kinds of file in a cpio archive's mode, include/uapi/linux/stat.h.
const (
	modeDir  = 0o040000
	modeChar = 0o020000
	modeFile = 0o100000
	modeLink = 0o120000
)

// errCpioSize: the format has 32 bits for a file's size.
var errCpioSize = errors.New("file too big for a cpio archive (4 GiB)")

// cpioWriter writes an archive in the format of an initramfs, "newc"
// (Documentation/driver-api/early-userspace/buffer-format.rst). The first
// error stays: close gives it.
type cpioWriter struct {
	w       io.Writer
	inode   uint32
	written int64
	err     error
}

func newCpioWriter(w io.Writer) *cpioWriter { return &cpioWriter{w: w} }

func (c *cpioWriter) dir(name string) { c.header(name, modeDir|0o755, 0, 0, 0) }

// char adds a character device.
func (c *cpioWriter) char(name string, major, minor uint32) {
	c.header(name, modeChar|0o600, 0, major, minor)
}

// link adds a symbolic link.
func (c *cpioWriter) link(name, target string) {
	c.entry(name, modeLink|0o777, int64(len(target)), strings.NewReader(target))
}

// file adds a file with exactly size bytes of r.
func (c *cpioWriter) file(name string, perm uint32, size int64, r io.Reader) {
	c.entry(name, modeFile|perm&0o777, size, r)
}

func (c *cpioWriter) entry(name string, mode uint32, size int64, r io.Reader) {
	if size < 0 || size > math.MaxUint32 {
		c.fail(name, errCpioSize)
		return
	}
	c.header(name, mode, uint32(size), 0, 0)
	if c.err != nil {
		return
	}
	n, err := io.CopyN(c.w, r, size)
	c.written += n
	c.fail(name, err)
	c.pad()
}

// close writes the trailer.
func (c *cpioWriter) close() error {
	c.header("TRAILER!!!", 0, 0, 0, 0)
	return c.err
}

func (c *cpioWriter) header(name string, mode, size, major, minor uint32) {
	c.inode++
	const links, mtime, none = 1, 0, 0
	fields := [...]uint32{
		c.inode, mode, none, none, links, mtime, size,
		none, none, major, minor, uint32(len(name) + 1), none,
	}
	c.print(name, "070701")
	for _, f := range fields {
		c.print(name, fmt.Sprintf("%08x", f))
	}
	c.print(name, name+"\x00")
	c.pad()
}

// pad fills up to a multiple of four, as each part must start at one.
func (c *cpioWriter) pad() {
	c.print("padding", "\x00\x00\x00"[:-c.written&3])
}

func (c *cpioWriter) print(name, s string) {
	if c.err != nil {
		return
	}
	n, err := io.WriteString(c.w, s)
	c.written += int64(n)
	c.fail(name, err)
}

func (c *cpioWriter) fail(name string, err error) {
	if err != nil && c.err == nil {
		c.err = fmt.Errorf("cpio archive, %s: %w", name, err)
	}
}
