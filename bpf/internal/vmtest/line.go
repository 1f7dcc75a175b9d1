package main

import (
	"cmp"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// A line is the beginning of a kernel version: 5.10, 6.18, or 7.1.3.
var linePattern = regexp.MustCompile(`^[0-9]{1,3}(\.[0-9]{1,4}){1,2}$`)

// errNoKernel: no suite has a kernel of the line.
var errNoKernel = errors.New("no Debian suite has this kernel")

// debPackage is one version of a Debian package.
type debPackage struct{ name, version string }

// imagePackage matches the packages that hold a cloud kernel's image: the cloud
// flavour is small and has all that virtual machines need built in. From 6.19
// linux-image-* is an empty package beside linux-binary-*.
var imagePackage = regexp.MustCompile(`^linux-(binary|image)-([0-9]+\.[0-9]+)([.+-][0-9a-z.+~-]+)-cloud-amd64$`)

// kernelPackages picks the line's image packages among names.
func kernelPackages(names []string, line string) ([]string, error) {
	offered := map[string]bool{}
	var binaries, images []string
	for _, name := range names {
		m := imagePackage.FindStringSubmatch(name)
		if m == nil {
			continue
		}
		offered[m[2]] = true
		version := m[2] + m[3]
		after, ok := strings.CutPrefix(version, line)
		if !ok || after != "" && !strings.ContainsRune(".+-", rune(after[0])) {
			continue
		}
		if m[1] == "binary" {
			binaries = append(binaries, name)
		} else {
			images = append(images, name)
		}
	}
	if len(binaries) > 0 {
		return binaries, nil
	}
	if len(images) > 0 {
		return images, nil
	}
	have := strings.Join(sortedVersions(offered), " ")
	if have == "" {
		have = "none at all"
	}
	return nil, fmt.Errorf("%w: %s; they have %s", errNoKernel, line, have)
}

func sortedVersions(set map[string]bool) []string {
	var all []string
	for v := range set {
		all = append(all, v)
	}
	slices.SortFunc(all, compareVersions)
	return all
}

// parseMadison reads what apt-cache madison prints: "name | version | source".
func parseMadison(out string) []debPackage {
	var all []debPackage
	for row := range strings.Lines(out) {
		if f := strings.Split(row, "|"); len(f) == 3 {
			all = append(all, debPackage{strings.TrimSpace(f[0]), strings.TrimSpace(f[1])})
		}
	}
	return all
}

// newest is the package with the highest version.
func newest(all []debPackage) (debPackage, bool) {
	if len(all) == 0 {
		return debPackage{}, false
	}
	return slices.MaxFunc(all, func(a, b debPackage) int {
		return cmp.Or(compareVersions(a.version, b.version), cmp.Compare(a.name, b.name))
	}), true
}

var number = regexp.MustCompile(`[0-9]+`)

// compareVersions compares the numbers in two versions one by one. Debian's own
// order differs for "~", which kernel packages have after the upstream version
// only: there any order will do.
func compareVersions(a, b string) int {
	return slices.CompareFunc(number.FindAllString(a, -1), number.FindAllString(b, -1), func(x, y string) int {
		nx, _ := strconv.Atoi(x)
		ny, _ := strconv.Atoi(y)
		return cmp.Compare(nx, ny)
	})
}
