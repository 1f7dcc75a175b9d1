package layout

import (
	_ "embed"
	"errors"
	"fmt"
	"strconv"
	"strings"
)

//go:generate go run ./gen -toolchains toolchains.txt -o layouts.txt

//go:embed layouts.txt
var layoutsText string

// ErrUnknown means that the table holds no layout for this toolchain.
var ErrUnknown = errors.New("no layout known")

// use is one line of the table: this toolchain has that layout.
type use struct {
	version Version
	arch    string
	layout  string
}

// FromTable looks up the layout of a release. Where the exact patch release is
// not in the table, the nearest older one of the same minor release stands in,
// then the nearest newer one; note says so, and is "" for an exact answer.
func FromTable(v Version, arch string) (l Layout, note string, err error) {
	layouts, uses, err := parse(layoutsText)
	if err != nil {
		return nil, "", err
	}
	u, ok := nearest(uses, v, arch)
	if !ok {
		return nil, "", fmt.Errorf("%w for %s on %s", ErrUnknown, v, arch)
	}
	if u.version != v {
		note = fmt.Sprintf("field offsets of %s stand in for those of %s", u.version, v)
	}
	return layouts[u.layout], note, nil
}

func nearest(uses []use, v Version, arch string) (best use, ok bool) {
	for _, u := range uses {
		if u.arch != arch || u.version.Minor != v.Minor || u.version.Experiments != v.Experiments {
			continue
		}
		if !ok || closer(u.version.Patch, best.version.Patch, v.Patch) {
			best, ok = u, true
		}
	}
	return best, ok
}

// closer reports whether patch a stands in better for want than b does: older
// ones before newer ones, then the nearer.
func closer(a, b, want int) bool {
	if older := a <= want; older != (b <= want) {
		return older
	}
	return abs(a-want) < abs(b-want)
}

func abs(n int) int { return max(n, -n) }

// parse reads the table: "layout ID" and its indented "key offset" lines, and
// "use VERSION ARCH EXPERIMENTS ID" lines ("-" for no experiments).
func parse(text string) (map[string]Layout, []use, error) {
	layouts := map[string]Layout{}
	var uses []use
	var current Layout
	for i, line := range strings.Split(text, "\n") {
		words := strings.Fields(line)
		switch {
		case len(words) == 0 || words[0] == "#":
		case words[0] == "layout" && len(words) == 2:
			current = Layout{}
			layouts[words[1]] = current
		case words[0] == "use" && len(words) == 5:
			u, err := parseUse(words)
			if err != nil {
				return nil, nil, fmt.Errorf("layouts.txt:%d: %w", i+1, err)
			}
			uses = append(uses, u)
		case len(words) == 2 && current != nil:
			off, err := strconv.ParseUint(words[1], 10, 32)
			if err != nil {
				return nil, nil, fmt.Errorf("layouts.txt:%d: offset %q: %w", i+1, words[1], err)
			}
			current[words[0]] = off
		default:
			return nil, nil, fmt.Errorf("layouts.txt:%d: not understood: %q", i+1, line)
		}
	}
	return layouts, uses, nil
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
