package layout

import (
	"cmp"
	_ "embed"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

//go:generate go run ./gen -toolchains toolchains.txt -o layouts.txt

//go:embed layouts.txt
var layoutsText string

// ErrUnknown means that the table holds no layout for this toolchain.
var ErrUnknown = errors.New("no layout known")

// FromTable looks up the layout of a release: that of exactly this toolchain,
// or the one that an older and a newer patch of the same minor release share.
// Only the lines of that one layout are parsed.
func FromTable(v Version, arch string) (Layout, error) {
	uses, err := usesOf(layoutsText, arch)
	if err != nil {
		return nil, err
	}
	id, ok := exact(uses, v)
	if !ok {
		return nil, fmt.Errorf("%w for %s on %s", ErrUnknown, v, arch)
	}
	return layoutOf(layoutsText, id)
}

// StandIn is the layout of a release that may be like the wanted one.
type StandIn struct {
	Layout Layout
	// Of is the release that it is of.
	Of Version
}

// maxStandIns bounds how many other releases are tried.
const maxStandIns = 3

// StandIns returns the layouts of the nearest releases, the most likely first
// and each but once: of the same minor release or else of the nearest, of the
// same experiments, older before newer. Whoever uses one must prove that it
// holds.
func StandIns(v Version, arch string) ([]StandIn, error) {
	uses, err := usesOf(layoutsText, arch)
	if err != nil {
		return nil, err
	}
	slices.SortStableFunc(uses, func(a, b use) int { return slices.Compare(a.distance(v), b.distance(v)) })
	var found []StandIn
	seen := map[string]bool{}
	for _, u := range uses {
		if seen[u.layout] || len(found) == maxStandIns {
			continue
		}
		seen[u.layout] = true
		l, err := layoutOf(layoutsText, u.layout)
		if err != nil {
			return nil, err
		}
		found = append(found, StandIn{l, u.version})
	}
	return found, nil
}

// use is one line of the table: this toolchain has that layout.
type use struct {
	version Version
	arch    string
	layout  string
}

// exact finds the id of the layout of v: see FromTable.
func exact(uses []use, v Version) (id string, ok bool) {
	if v.Pre != "" {
		return "", false
	}
	var older, newer use
	for _, u := range uses {
		if u.version.Minor != v.Minor || u.version.Experiments != v.Experiments {
			continue
		}
		switch c := cmp.Compare(u.version.Patch, v.Patch); {
		case c == 0:
			return u.layout, true
		case c < 0 && (older.layout == "" || u.version.Patch > older.version.Patch):
			older = u
		case c > 0 && (newer.layout == "" || u.version.Patch < newer.version.Patch):
			newer = u
		}
	}
	return older.layout, older.layout != "" && older.layout == newer.layout
}

// distance orders releases by how likely they are to be like v: the lesser
// first.
func (u use) distance(v Version) []int {
	minors := abs(u.version.Minor - v.Minor)
	experiments, newer := 0, 0
	if u.version.Experiments != v.Experiments {
		experiments = 1
	}
	patches := abs(u.version.Patch - v.Patch)
	switch {
	case u.version.Minor < v.Minor:
		patches = -u.version.Patch // the last patch is the nearest
	case u.version.Minor > v.Minor:
		newer, patches = 1, u.version.Patch
	case u.version.Patch > v.Patch:
		newer = 1
	}
	return []int{minors, experiments, newer, patches}
}

func abs(n int) int { return max(n, -n) }

// usesOf reads the table's index, the lines "use VERSION ARCH EXPERIMENTS ID"
// ("-" for no experiments) that it begins with, of one architecture.
func usesOf(text, arch string) ([]use, error) {
	var uses []use
	for line := range strings.Lines(text) {
		words := strings.Fields(line)
		if len(words) > 0 && words[0] == "layout" {
			break
		}
		if len(words) != 5 || words[0] != "use" || words[2] != arch {
			continue
		}
		u, err := parseUse(words)
		if err != nil {
			return nil, fmt.Errorf("layouts.txt: %w", err)
		}
		uses = append(uses, u)
	}
	return uses, nil
}

func parseUse(words []string) (use, error) {
	v, ok := ParseVersion(words[1])
	if !ok {
		return use{}, fmt.Errorf("version %q is not a release", words[1])
	}
	if words[3] != "-" {
		v.Experiments = words[3]
	}
	return use{version: v, arch: words[2], layout: words[4]}, nil
}

// layoutOf reads one layout: "layout ID" and its lines "key offset".
func layoutOf(text, id string) (Layout, error) {
	_, rest, found := strings.Cut(text, "\nlayout "+id+"\n")
	if !found {
		return nil, fmt.Errorf("layouts.txt: no layout %s", id)
	}
	l := Layout{}
	for line := range strings.Lines(rest) {
		key, offset, ok := strings.Cut(strings.TrimSuffix(line, "\n"), " ")
		if key == "layout" {
			break
		}
		off, err := strconv.ParseUint(offset, 10, 32)
		if !ok || err != nil {
			return nil, fmt.Errorf("layouts.txt: layout %s: not understood: %q", id, line)
		}
		l[key] = off
	}
	return l, nil
}
