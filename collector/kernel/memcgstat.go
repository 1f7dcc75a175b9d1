package kernel

import (
	"bufio"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"whyres/collector/mem"
)

// GroupMemory is what the group is charged for, and its parts by memory.stat,
// with those of the groups below it; the error wraps ErrNoController where the
// group's own files are not to be seen.
//
// Cgroup v1 counts the memory of sockets apart from the rest (memory.kmem.tcp),
// and does not tell slab and page tables from other kernel memory: these are 0.
func (f FS) GroupMemory(c Cgroup) (mem.Cgroup, error) {
	limit, err := f.MemoryCgroup(c)
	if err != nil {
		return mem.Cgroup{}, err
	}
	dir := f.groupDir(c)
	if dir == "" {
		return mem.Cgroup{}, ErrNoController
	}
	files := filesOfV1
	if c.Unified {
		files = filesOfV2
	}
	g, err := files().read(dir)
	if err != nil {
		return mem.Cgroup{}, err
	}
	g.Path = c.Path
	if limit.Limit > 0 {
		g.Limit, g.LimitAt, g.LimitUsage = limit.Limit, limit.At, limit.Usage
	}
	g.WorkingSet = g.Usage - min(g.InactiveFile, g.Usage)
	if c.Path != "/" { // that is the whole host
		g.Processes = countProcesses(dir)
	}
	return g, nil
}

// groupDir is where the group's own files are, "" if nowhere.
func (f FS) groupDir(c Cgroup) string {
	usage, roots := "memory.usage_in_bytes", []string{"memory"}
	if c.Unified {
		usage, roots = "memory.current", []string{"", "unified"}
	}
	for _, root := range roots {
		dir := filepath.Join(f.sys, "fs/cgroup", root, filepath.Join("/", c.Path))
		if _, err := os.Stat(filepath.Join(dir, usage)); err == nil {
			return dir
		}
	}
	return ""
}

// groupFiles is what one version of control groups calls things.
type groupFiles struct {
	usage string
	// parts are files of one number each, stat the keys of memory.stat.
	parts, stat map[string]func(*mem.Cgroup) *uint64
}

// filesOfV2: Documentation/admin-guide/cgroup-v2.rst. "kernel" is there since
// Linux 5.18.
func filesOfV2() groupFiles {
	return groupFiles{
		usage: "memory.current",
		parts: map[string]func(*mem.Cgroup) *uint64{
			"memory.swap.current": func(g *mem.Cgroup) *uint64 { return &g.Swap },
		},
		stat: map[string]func(*mem.Cgroup) *uint64{
			"anon":          func(g *mem.Cgroup) *uint64 { return &g.Anon },
			"file":          func(g *mem.Cgroup) *uint64 { return &g.File },
			"inactive_file": func(g *mem.Cgroup) *uint64 { return &g.InactiveFile },
			"shmem":         func(g *mem.Cgroup) *uint64 { return &g.Shmem },
			"kernel":        func(g *mem.Cgroup) *uint64 { return &g.Kernel },
			"sock":          func(g *mem.Cgroup) *uint64 { return &g.Sock },
			"slab":          func(g *mem.Cgroup) *uint64 { return &g.Slab },
			"pagetables":    func(g *mem.Cgroup) *uint64 { return &g.PageTables },
		},
	}
}

// filesOfV1: Documentation/admin-guide/cgroup-v1/memory.rst. Its "rss" is
// anonymous memory alone, its "cache" holds shared memory too; the total_ ones
// count the groups below.
func filesOfV1() groupFiles {
	return groupFiles{
		usage: "memory.usage_in_bytes",
		parts: map[string]func(*mem.Cgroup) *uint64{
			"memory.kmem.usage_in_bytes": func(g *mem.Cgroup) *uint64 { return &g.Kernel },
		},
		stat: map[string]func(*mem.Cgroup) *uint64{
			"total_rss":           func(g *mem.Cgroup) *uint64 { return &g.Anon },
			"total_cache":         func(g *mem.Cgroup) *uint64 { return &g.File },
			"total_inactive_file": func(g *mem.Cgroup) *uint64 { return &g.InactiveFile },
			"total_shmem":         func(g *mem.Cgroup) *uint64 { return &g.Shmem },
			"total_swap":          func(g *mem.Cgroup) *uint64 { return &g.Swap },
		},
	}
}

// read reads the files of one group. Of the parts not each kernel has all.
func (f groupFiles) read(dir string) (g mem.Cgroup, err error) {
	if g.Usage, err = readBytes(filepath.Join(dir, f.usage)); err != nil {
		return g, err
	}
	for name, field := range f.parts {
		n, err := readBytes(filepath.Join(dir, name))
		if err == nil {
			*field(&g) = n
		} else if !errors.Is(err, fs.ErrNotExist) {
			return g, err
		}
	}
	text, err := os.ReadFile(filepath.Join(dir, "memory.stat"))
	if err != nil {
		return g, err
	}
	for line := range strings.Lines(string(text)) {
		key, value, _ := strings.Cut(strings.TrimSpace(line), " ")
		field, wanted := f.stat[key]
		if !wanted {
			continue
		}
		if *field(&g), err = parseUint([]byte(value)); err != nil {
			return g, err
		}
	}
	return g, nil
}

// What is counted of a group: the host's own may hold anything.
const (
	maxGroups    = 64
	maxProcesses = 4096
)

// countProcesses counts the lines of cgroup.procs of the group and of those
// below it; 0 where they are too many to count, or may not be read.
func countProcesses(dir string) int {
	groups, processes := 0, 0
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil && errors.Is(err, fs.ErrNotExist) {
			return nil // removed meanwhile
		}
		if err != nil || !d.IsDir() {
			return err
		}
		if groups++; groups > maxGroups {
			return errTooMany
		}
		n, err := countLines(filepath.Join(path, "cgroup.procs"), maxProcesses-processes)
		processes += n
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		return err
	})
	if err != nil {
		return 0
	}
	return processes
}

var errTooMany = errors.New("too many to count")

func countLines(name string, most int) (n int, err error) {
	f, err := os.Open(name)
	if err != nil {
		return 0, err
	}
	defer f.Close() //nolint:errcheck // only read
	lines := bufio.NewScanner(f)
	for lines.Scan() {
		if n++; n > most {
			return n, errTooMany
		}
	}
	return n, lines.Err()
}
