package goruntime

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"whyres/collector/mem"
)

// mapping is one line of /proc/PID/maps.
type mapping struct {
	mem.Range
	perms  string
	offset uint64
	inode  uint64
	path   string
}

// Bounds on /proc/PID/maps, which the target shapes: a longer line is an
// error, more mappings than maxMappings are not looked at.
const (
	maxMapsLine = 16 << 10
	maxMappings = 1 << 20
)

// scanMaps calls visit for each mapping until visit returns false.
func scanMaps(r io.Reader, visit func(mapping) bool) error {
	lines := bufio.NewScanner(r)
	lines.Buffer(make([]byte, 0, 4096), maxMapsLine)
	for n := 0; n < maxMappings && lines.Scan(); n++ {
		m, err := parseMapping(lines.Text())
		if err != nil {
			return err
		}
		if !visit(m) {
			return nil
		}
	}
	if err := lines.Err(); err != nil {
		return fmt.Errorf("maps: %w", err)
	}
	return nil
}

// parseMapping reads one line: "start-end perms offset dev inode   path" (see
// show_map_vma in the kernel's fs/proc/task_mmu.c).
func parseMapping(line string) (mapping, error) {
	bad := func() (mapping, error) {
		return mapping{}, fmt.Errorf("maps line %.80q: want start-end perms offset dev inode path", line)
	}
	var m mapping
	words := [5]string{}
	rest := line
	for i := range words {
		words[i], rest, _ = strings.Cut(rest, " ")
	}
	lo, hi, _ := strings.Cut(words[0], "-")
	start, err1 := strconv.ParseUint(lo, 16, 64)
	end, err2 := strconv.ParseUint(hi, 16, 64)
	offset, err3 := strconv.ParseUint(words[2], 16, 64)
	inode, err4 := strconv.ParseUint(words[4], 10, 64)
	if err1 != nil || err2 != nil || err3 != nil || err4 != nil || len(words[1]) != 4 || end < start {
		return bad()
	}
	m.Range = mem.Range{Start: mem.Addr(start), End: mem.Addr(end)}
	m.perms, m.offset, m.inode = words[1], offset, inode
	m.path = strings.TrimLeft(rest, " ")
	return m, nil
}

// mapsOf scans the maps file of a process.
func mapsOf(proc string, pid int, visit func(mapping) bool) (err error) {
	f, err := os.Open(filepath.Join(proc, strconv.Itoa(pid), "maps"))
	if err != nil {
		return explain(pid, "opening its maps", err)
	}
	defer func() { _ = f.Close() }() // read only: nothing to lose
	if err := scanMaps(f, visit); err != nil {
		return explain(pid, "reading its maps", err)
	}
	return nil
}
