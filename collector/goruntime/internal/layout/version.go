package layout

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// Version is a release of the Go toolchain, taken apart.
type Version struct {
	Minor, Patch int
	// Pre is "rc1", "beta2" or "" ("devel" toolchains have no Version).
	Pre string
	// Experiments is the sorted, comma-separated list of GOEXPERIMENT
	// differences that the toolchain appended, or "".
	Experiments string
}

// ParseVersion reads what runtime.Version and the build information say:
// "go1.26.8", "go1.27rc1", "go1.25.8 X:greenteagc", "go1.26.8-X:nogreenteagc".
// Development builds ("devel go1.28-abc", "go1.28-devel_abc") are not releases:
// only their minor version is known, ok is false.
func ParseVersion(s string) (v Version, ok bool) {
	s, x, _ := cutExperiments(s)
	v.Experiments = sortExperiments(x)
	devel := strings.Contains(s, "devel")
	_, s, found := strings.Cut(s, "go1.")
	if !found {
		return v, false
	}
	digits := leadingDigits(s)
	var err error
	if v.Minor, err = strconv.Atoi(digits); err != nil {
		return Version{}, false
	}
	s = s[len(digits):]
	if rest, dot := strings.CutPrefix(s, "."); dot {
		digits = leadingDigits(rest)
		if v.Patch, err = strconv.Atoi(digits); err != nil {
			return v, false
		}
		s = rest[len(digits):]
	}
	return v, v.suffix(s) && !devel
}

// suffix takes what follows the numbers: a pre-release or a vendor's mark
// ("-gcflags", " (Red Hat 1.21.13-1)"), which does not change the layout.
func (v *Version) suffix(s string) bool {
	if strings.HasPrefix(s, "rc") || strings.HasPrefix(s, "beta") {
		v.Pre = s
		return true
	}
	return s == "" || strings.HasPrefix(s, " ") || strings.HasPrefix(s, "-") || strings.HasPrefix(s, "+")
}

func (v Version) String() string {
	s := "go1." + strconv.Itoa(v.Minor)
	if v.Patch > 0 || (v.Minor >= 21 && v.Pre == "") {
		s += "." + strconv.Itoa(v.Patch)
	}
	s += v.Pre
	if v.Experiments != "" {
		s = fmt.Sprintf("%s X:%s", s, v.Experiments)
	}
	return s
}

func cutExperiments(s string) (version, experiments string, found bool) {
	if a, b, ok := strings.Cut(s, " X:"); ok {
		return a, b, true
	}
	return strings.Cut(s, "-X:")
}

func sortExperiments(s string) string {
	if s == "" {
		return ""
	}
	s, _, _ = strings.Cut(s, " ")
	names := strings.Split(s, ",")
	slices.Sort(names)
	return strings.Join(names, ",")
}

func leadingDigits(s string) string {
	n := 0
	for n < len(s) && n < 6 && s[n] >= '0' && s[n] <= '9' {
		n++
	}
	return s[:n]
}
