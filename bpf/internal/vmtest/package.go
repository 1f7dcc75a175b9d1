package main

import (
	"path"
	"strings"
)

// part is a file of a Debian package that the machines are made of. Its name in the
// cache is PREFIX_VERSION, and a suffix for kernels.
type part struct {
	prefix, suffix string
	// packages picks the packages that have it among all names.
	packages func(names []string) ([]string, error)
	// holds knows the file within the package.
	holds func(name string) bool
}

// kernelPart is the image of a line's kernel.
func kernelPart(line string) part {
	return part{
		prefix: line, suffix: ".vmlinuz",
		packages: func(names []string) ([]string, error) { return kernelPackages(names, line) },
		holds:    isImage,
	}
}

// programPart is a program that needs no other file, of the package of its name.
func programPart(name string) part {
	return part{
		prefix:   name,
		packages: func([]string) ([]string, error) { return []string{name}, nil },
		holds: func(file string) bool {
			file = strings.TrimPrefix(path.Clean("/"+file), "/usr")
			return file == "/bin/"+name || file == "/bin/"+strings.TrimSuffix(name, "-static")
		},
	}
}

// isImage knows the places: boot/vmlinuz-VERSION, and from 7.2
// usr/lib/modules/VERSION/vmlinuz.
func isImage(name string) bool {
	dir, base := path.Split(path.Clean("/" + name))
	return dir == "/boot/" && strings.HasPrefix(base, "vmlinuz-") ||
		strings.HasPrefix(dir, "/usr/lib/modules/") && base == "vmlinuz"
}
