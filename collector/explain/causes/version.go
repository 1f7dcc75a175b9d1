package causes

import (
	"cmp"
	"strconv"
	"strings"
)

// release is a release of Go: go1.21.3 is {21, 3}.
type release struct{ minor, patch int }

// release is the one that the process was built with; false where it is not Go,
// or built from a development tree.
func (f *Facts) release() (release, bool) {
	rest, found := strings.CutPrefix(f.Process.GoVersion, "go1.")
	if !found {
		return release{}, false
	}
	minor, rest := leadingNumber(rest)
	if minor < 0 {
		return release{}, false
	}
	after, dotted := strings.CutPrefix(rest, ".")
	if !dotted {
		return release{minor, 0}, true
	}
	patch, _ := leadingNumber(after)
	return release{minor, max(patch, 0)}, true
}

// leadingNumber is -1 where the text does not begin with one.
func leadingNumber(text string) (n int, rest string) {
	rest = strings.TrimLeft(text, "0123456789")
	parsed, err := strconv.ParseUint(text[:len(text)-len(rest)], 10, 16)
	if err != nil {
		return -1, text
	}
	return int(parsed), rest
}

func (r release) compare(s release) int {
	return cmp.Or(cmp.Compare(r.minor, s.minor), cmp.Compare(r.patch, s.patch))
}

// builtWith reports whether the process was built with a release from first to
// last; false where the release is not known.
func (f *Facts) builtWith(first, last release) bool {
	r, known := f.release()
	return known && r.compare(first) >= 0 && r.compare(last) <= 0
}

// anyPatch is the last of a minor release.
const anyPatch = 1 << 16
