package explain

import (
	"strings"
	"testing"

	"whyres/collector/mem"
)

// A process with 64 MiB of variables that it wrote, a library with 1 MiB of
// copies and 2 MiB of variables behind it, a data file with 4 MiB of copies,
// shared memory, an mmap of its own, and a heap of which 8 MiB are locked.
func TestMappings(t *testing.T) {
	t.Parallel()
	at := mem.Addr(1 << 30)
	vma := func(perms, path string, size, anonymous uint64) mem.VMA {
		v := mem.VMA{Range: mem.RangeAt(at, size*mib), Perms: perms, Path: path, Rss: size * mib, Anonymous: anonymous * mib}
		if strings.HasPrefix(path, "/") {
			v.Inode = 9
		}
		at = v.End
		return v
	}
	s := &mem.Sample{PID: pid, VMAs: []mem.VMA{
		vma("r-xp", "/opt/server", 3, 0),
		vma("rw-p", "/opt/server", 1, 1),
		vma("rw-p", "", 64, 64),
		vma("r-xp", "/lib/c.so", 5, 0),
		vma("rw-p", "/lib/c.so", 1, 1),
		vma("rw-p", "", 2, 2),
		vma("rw-p", "/data", 10, 4),
		vma("rw-p", "", 7, 7), // behind a file without code: an mmap of its own
		vma("rw-s", "/dev/shm/x", 6, 0),
		vma("rw-p", "[heap]", 6, 6),
		vma("rw-p", "", 8, 8),
		vma("---p", "", 1, 0),
		vma("rw-p", "", 16, 16),
	}}
	s.VMAs[10].Locked = 8 * mib
	s.VMAs[8].Shmem = true
	s.Pages = &mem.GoPages{Arenas: []mem.Range{s.VMAs[10].Range, s.VMAs[12].Range}}
	want := Mappings{ExeAnonymous: 65 * mib, MappedAnonymous: 7 * mib, HeapLocked: 8 * mib}
	if got := mappingsOf(s, mem.Process{Exe: "/opt/server"}); got != want {
		t.Errorf("%+v, want %+v", got, want)
	}
	if got := mappingsOf(&mem.Sample{}, mem.Process{}); got != (Mappings{}) {
		t.Errorf("of nothing: %+v", got)
	}
}

// How far RES went while it was read is told, where it is far.
func TestVerdictSaysThatRESMoved(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		moved, told int64
		says        string
	}{
		{0, 0, ""}, {400 * kib, 0, ""}, {2 * mib, 2 * mib, "RES moved by 2.0 MiB"}, {-3 * mib, -3 * mib, "RES moved by 3.0 MiB"},
	} {
		s := fullSample()
		s.At, s.Moved = 101*sec, tt.moved
		v := observe(header(), mem.Frame{At: s.At, Sample: s})
		warnings := strings.Join(v.Warnings, "\n")
		if v.Moved != tt.told || !strings.Contains(warnings, tt.says) || strings.Contains(warnings, "RES moved") != (tt.says != "") {
			t.Errorf("moved by %d: told %d, %q", tt.moved, v.Moved, warnings)
		}
	}
}
