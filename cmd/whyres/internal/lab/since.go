package lab

import (
	"go/version"
	"strconv"
	"strings"

	"whyres/collector/mem"
)

// notIn says that a Go version does not know what a setting sets; "" where it
// does, and where the version is not known.
func notIn(id, goVersion string) string {
	var since, what string
	switch id {
	case limitSmall, limitLarge, limitLargeOff:
		since, what = "go1.19", "GOMEMLIMIT"
	case madvFree:
		since, what = "go1.12", "GODEBUG=madvdontneed"
	case disableTHP:
		since, what = "go1.21.6", "GODEBUG=disablethp"
	default:
		return ""
	}
	v := release(goVersion)
	if v == "" || version.Compare(v, since) >= 0 {
		return ""
	}
	return "Go " + strings.TrimPrefix(v, "go") + " does not know " + what + ": it came with Go " + strings.TrimPrefix(since, "go")
}

// release is the Go version of a program without what may stand around it
// ("go1.24.4 X:nodwarf5", "devel go1.27-abc"); "" where none can be told.
func release(goVersion string) string {
	v, _, _ := strings.Cut(goVersion, " ")
	if version.IsValid(v) {
		return v
	}
	if minor := mem.GoMinor(goVersion); minor > 0 {
		return "go1." + strconv.Itoa(minor)
	}
	return ""
}
