package kernel

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"
)

// MemoryCgroup is what limits a process's memory from outside, and how much of
// that is used, in bytes. The use is the whole group's: page cache and kernel
// memory count in it too.
type MemoryCgroup struct {
	// Limit is the least of the group's and of those above it, which is At;
	// 0: none.
	Limit uint64
	At    string
	// Usage is that of At, or of the group itself where nothing limits it.
	Usage uint64
}

// ErrNoController means that the group's files are not there, or have no memory
// controller.
var ErrNoController = errors.New("the memory controller's files are not to be seen from here")

// MemoryCgroup reads memory.max and memory.current of the group and of all
// groups above it (cgroup v1: memory.limit_in_bytes, memory.usage_in_bytes).
func (f FS) MemoryCgroup(c Cgroup) (MemoryCgroup, error) {
	names, roots := [2]string{"memory.limit_in_bytes", "memory.usage_in_bytes"}, []string{"memory"}
	if c.Unified {
		names, roots = [2]string{"memory.max", "memory.current"}, []string{"", "unified"}
	}
	if strings.HasPrefix(c.Path, "/..") {
		return MemoryCgroup{}, fmt.Errorf("control group %s: %w", c.Path, ErrNoController)
	}
	for _, root := range roots {
		root = filepath.Join(f.sys, "fs/cgroup", root)
		m, err := readMemoryCgroup(root, c.Path, names)
		if !errors.Is(err, ErrNoController) {
			return m, err
		}
	}
	return MemoryCgroup{}, fmt.Errorf("control group %s: %w", c.Path, ErrNoController)
}

func readMemoryCgroup(root, group string, names [2]string) (MemoryCgroup, error) {
	m := MemoryCgroup{At: group}
	seen := false
	for at := path.Clean("/" + group); ; at = path.Dir(at) {
		limit, limitErr := readBytes(filepath.Join(root, at, names[0]))
		usage, err := readBytes(filepath.Join(root, at, names[1]))
		if errors.Join(limitErr, err) == nil {
			if !seen {
				m.Usage = usage
			}
			seen = true
			if limit < noLimit && (m.Limit == 0 || limit < m.Limit) {
				m.Limit, m.Usage, m.At = limit, usage, at
			}
		} else if at != "/" && !errors.Is(limitErr, fs.ErrNotExist) {
			return m, limitErr // the root group has no limit's file
		}
		if at == "/" {
			break
		}
	}
	if !seen {
		return m, ErrNoController
	}
	return m, nil
}

// noLimit: cgroup v1 writes the largest number of whole pages for none.
const noLimit = 1 << 60

// readBytes reads a file of one number, or of "max".
func readBytes(name string) (uint64, error) {
	text, err := os.ReadFile(name)
	if err != nil {
		return 0, err
	}
	word := strings.TrimSpace(string(text))
	if word == "max" {
		return noLimit, nil
	}
	n, err := parseUint([]byte(word))
	if err != nil {
		return 0, fmt.Errorf("%s: %q: %w", name, clip(text), err)
	}
	return n, nil
}
