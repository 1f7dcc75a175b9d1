package explain

import (
	"strings"

	"whyres/collector/mem"
)

// Mappings are what the sentences take from the sample's mappings, in bytes
// that are resident. Light samples have none.
type Mappings struct {
	// ExeAnonymous is the part of file.exe, MappedAnonymous that of
	// file.mapped, that is anonymous: variables and private copies of pages.
	ExeAnonymous    uint64 `json:"exe_anonymous_bytes,omitempty"`
	MappedAnonymous uint64 `json:"mapped_anonymous_bytes,omitempty"`
	// HeapLocked lies in mappings of Go's heap that are locked.
	HeapLocked uint64 `json:"heap_locked_bytes,omitempty"`
}

// mappingsOf sums up the sample's mappings. Which are the program's file and
// which are other files is told as the ledger tells it.
func mappingsOf(s *mem.Sample, p mem.Process) (m Mappings) {
	var arenas []mem.Range
	if s.Pages != nil {
		arenas = s.Pages.Arenas
	}
	exe := strings.ReplaceAll(p.Exe, "\n", `\012`) // as maps files escape it
	code := libraries(s.VMAs)
	for i := range s.VMAs {
		v := &s.VMAs[i]
		if mem.Overlaps(arenas, v.Range) {
			if v.Locked > 0 {
				m.HeapLocked = add(m.HeapLocked, v.Rss)
			}
			continue
		}
		path, behind := v.Path, false
		if i > 0 && isBehind(v, &s.VMAs[i-1]) {
			path, behind = s.VMAs[i-1].Path, true
		}
		anonymous := unowned(v)
		switch {
		case exe != "" && path == exe:
			m.ExeAnonymous = add(m.ExeAnonymous, anonymous)
		case strings.HasPrefix(path, "/") && !v.Shmem && (code[path] || !behind && v.Inode != 0):
			m.MappedAnonymous = add(m.MappedAnonymous, anonymous)
		}
	}
	return m
}

// libraries are the files of which a mapping holds code.
func libraries(vmas []mem.VMA) map[string]bool {
	code := map[string]bool{}
	for i := range vmas {
		if v := &vmas[i]; v.Inode != 0 && len(v.Perms) > 2 && v.Perms[2] == 'x' {
			code[v.Path] = true
		}
	}
	return code
}

// unowned is the anonymous part less what is known to be another's.
func unowned(v *mem.VMA) uint64 {
	left := v.Anonymous
	for _, part := range v.Parts {
		left -= min(left, part.Resident)
	}
	return left
}

// isBehind: anonymous memory right behind writable memory of a file, the
// variables that are zero at first.
func isBehind(v, before *mem.VMA) bool {
	writable := func(v *mem.VMA) bool { return len(v.Perms) > 1 && v.Perms[1] == 'w' }
	return v.Path == "" && v.Inode == 0 && before.Path != "" && before.End == v.Start && writable(before) && writable(v)
}
