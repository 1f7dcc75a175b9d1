package mem

import (
	"strconv"
	"strings"
)

// GoMinor is the second number of a Go version as the toolchain writes it
// ("go1.26.8", "devel go1.27-abc", "go1.24.4 X:nodwarf5"); 0 where it has none
// that can be told.
func GoMinor(version string) int {
	_, rest, found := strings.Cut(version, "go1.")
	if !found {
		return 0
	}
	if end := strings.IndexFunc(rest, func(r rune) bool { return r < '0' || r > '9' }); end >= 0 {
		rest = rest[:end]
	}
	minor, err := strconv.ParseUint(rest, 10, 16)
	if err != nil {
		return 0
	}
	return int(minor)
}
