package goruntime

import (
	"bufio"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"whyres/collector/mem"
)

// smapsEntry is one mapping of /proc/PID/smaps, in bytes.
type smapsEntry struct {
	mem.Range
	path            string
	anon, rss, huge uint64
	// bss: it goes on where a mapping of the program's file ends.
	bss bool
}

type smapsFile struct {
	entries []smapsEntry
	huge    uint64
}

// smapsOf is the oracle of residency.
func smapsOf(t *testing.T, pid int) (s smapsFile) {
	t.Helper()
	file, err := os.Open(filepath.Join("/proc", itoa(pid), "smaps"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = file.Close() }()
	exe, err := os.Readlink(filepath.Join("/proc", itoa(pid), "exe"))
	if err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(file)
	for lines.Scan() {
		var kib uint64
		var key string
		if _, err := fmt.Sscanf(lines.Text(), "%s %d kB", &key, &kib); err == nil && strings.HasSuffix(key, ":") {
			e := &s.entries[len(s.entries)-1]
			switch key {
			case "Anonymous:":
				e.anon = kib << 10
			case "Rss:":
				e.rss = kib << 10
			case "AnonHugePages:":
				e.huge = kib << 10
				s.huge += kib << 10
			}
			continue
		}
		m, err := parseMapping(lines.Text())
		if err != nil {
			continue
		}
		e := smapsEntry{Range: m.Range, path: m.path}
		if n := len(s.entries); n > 0 && m.path == "" {
			before := s.entries[n-1]
			e.bss = before.End == m.Start && (before.path == exe || before.bss)
		}
		s.entries = append(s.entries, e)
	}
	if len(s.entries) == 0 {
		t.Fatal("no mappings")
	}
	return s
}

// within is the resident bytes of the mappings that lie in the arenas.
func (s smapsFile) within(arenas []mem.Range) (rss uint64) {
	for _, e := range s.entries {
		for _, a := range arenas {
			if !e.Intersect(a).Empty() {
				rss += e.rss
			}
		}
	}
	return rss
}

// outside is the resident anonymous memory that is neither in the arenas nor
// the program's own data nor the first thread's stack.
func (s smapsFile) outside(arenas []mem.Range) (anon uint64, names []string) {
	for _, e := range s.entries {
		in := false
		for _, a := range arenas {
			in = in || !e.Intersect(a).Empty()
		}
		if in || e.bss || e.path != "" && !strings.HasPrefix(e.path, "[anon") {
			continue
		}
		anon += e.anon
		if e.anon > 0 {
			names = append(names, fmt.Sprintf("%s %s %d", e.Range, e.path, e.anon>>10))
		}
	}
	return anon, names
}

// mapped clips ranges to what is mapped, so that the naive reader of pagemap
// need not look through reserved address space.
func mapped(t *testing.T, pid int, ranges []mem.Range) (out []mem.Range) {
	t.Helper()
	for _, e := range smapsOf(t, pid).entries {
		for _, r := range ranges {
			if part := e.Intersect(r); !part.Empty() && e.rss > 0 {
				out = append(out, part)
			}
		}
	}
	return out
}
