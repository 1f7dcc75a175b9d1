package kernel

import (
	"fmt"
	"io"
	"slices"
	"strings"
)

// maxCgroup bounds /proc/PID/cgroup: a line for each hierarchy, of at most
// PATH_MAX.
const maxCgroup = 256 << 10

// Cgroup is where a process stands among the control groups.
type Cgroup struct {
	// Path is that of the memory controller, "/" at the root: the unified
	// hierarchy's where it has one, else cgroup v1's. It is as seen from
	// whyres's own cgroup namespace: it begins with "/.." above its root.
	Path string
	// Unified: Path is of the unified hierarchy (cgroup v2).
	Unified bool
}

// Cgroup reads /proc/PID/cgroup (man 7 cgroups): "0::path" of the unified
// hierarchy, "n:controllers:path" of others.
func (p *Process) Cgroup() (Cgroup, error) {
	f, err := p.open("cgroup")
	if err != nil {
		return Cgroup{}, err
	}
	defer f.Close() //nolint:errcheck // only read
	text, err := io.ReadAll(io.LimitReader(f, maxCgroup))
	if err != nil {
		return Cgroup{}, problem(p.path("cgroup"), err)
	}
	c, err := parseCgroup(string(text))
	if err != nil {
		return Cgroup{}, fmt.Errorf("%s: %w", p.path("cgroup"), err)
	}
	return c, nil
}

// parseCgroup picks the hierarchy that limits memory. On a host with both
// versions that is v1's, if it has the controller.
func parseCgroup(text string) (Cgroup, error) {
	var unified, memory, systemd string
	for line := range strings.Lines(text) {
		number, rest, _ := strings.Cut(strings.TrimSuffix(line, "\n"), ":")
		controllers, path, found := strings.Cut(rest, ":")
		switch {
		case !found:
			return Cgroup{}, fmt.Errorf("line %q: want hierarchy:controllers:path", clip([]byte(line)))
		case number == "0" && controllers == "":
			unified = path
		case slices.Contains(strings.Split(controllers, ","), "memory"):
			memory = path
		case controllers == "name=systemd":
			systemd = path
		}
	}
	switch {
	case memory != "":
		return Cgroup{Path: memory}, nil
	case unified == "" || unified == "/" && systemd != "":
		return Cgroup{Path: max(systemd, "/")}, nil
	}
	return Cgroup{Path: unified, Unified: true}, nil
}
