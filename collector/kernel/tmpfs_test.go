package kernel

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"whyres/collector/mem"
)

// statusIsExact reports whether status counts each page at once. Before 6.2 each thread
// keeps what its last 64 page faults brought to itself (TASK_RSS_EVENTS_THRESH of
// mm/memory.c), and a fault in a file brings 16 pages.
func statusIsExact(t *testing.T) bool {
	t.Helper()
	host, err := Default().Host()
	if err != nil {
		t.Fatal(err)
	}
	var major, minor int
	if _, err := fmt.Sscanf(host.Kernel, "%d.%d", &major, &minor); err != nil {
		t.Fatal(err)
	}
	return major > 6 || major == 6 && minor >= 2
}

// A file on a tmpfs of its own is shared memory, whatever its path: RssShmem of
// status is the oracle.
func TestFileOnTmpfs(t *testing.T) {
	dir := t.TempDir()
	if err := unix.Mount("none", dir, "tmpfs", 0, "size=8m"); err != nil {
		if os.Geteuid() != 0 {
			t.Skip("mounting needs root: ", err)
		}
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = unix.Unmount(dir, unix.MNT_DETACH) })
	const size = 4 << 20
	path := filepath.Join(dir, "ring")
	if err := os.WriteFile(path, make([]byte, size), 0o600); err != nil {
		t.Fatal(err)
	}
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	p := openSelf(t, Options{})
	before, err := p.Smaps()
	if err != nil {
		t.Fatal(err)
	}
	statusBefore, err := p.Status()
	if err != nil {
		t.Fatal(err)
	}
	data, err := unix.Mmap(int(f.Fd()), 0, size, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_SHARED|unix.MAP_POPULATE)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = unix.Munmap(data) }()
	after, err := p.Smaps()
	if err != nil {
		t.Fatal(err)
	}
	status, err := p.Status()
	if err != nil {
		t.Fatal(err)
	}
	i := slices.IndexFunc(after.VMAs, func(v mem.VMA) bool { return v.Path == path })
	if i < 0 || !after.VMAs[i].Shmem || after.VMAs[i].Rss != size {
		t.Fatalf("mapping %d of %d: %+v", i, len(after.VMAs), after.VMAs[max(i, 0)])
	}
	if got := int64(after.Shmem - before.Shmem); got != size {
		t.Errorf("shared memory grew by %d, %d were mapped", got, size)
	}
	if got := status.RSS.Shmem - statusBefore.RSS.Shmem; got != size && statusIsExact(t) {
		t.Errorf("shared memory grew by %d, says status; %d were mapped", got, size)
	}
	for _, v := range after.VMAs {
		if v.Shmem && v.Path != path && !strings.HasPrefix(v.Path, "/dev/shm") {
			t.Logf("also on a tmpfs: %s", v.Path)
		}
	}
}

func TestParseTmpfs(t *testing.T) {
	got, err := parseTmpfs(strings.NewReader(`22 1 254:0 / / rw,noatime shared:1 - ext4 /dev/root rw
25 22 0:22 / /dev rw shared:2 - devtmpfs devtmpfs rw
26 25 0:290 / /dev/shm rw - tmpfs tmpfs rw
27 22 0:26 / /run\040x rw master:3 - tmpfs none rw
broken
28 22 0 / /x rw - tmpfs none rw
29 22 0:99999999999999999999999 / /x rw - tmpfs none rw
`))
	if want := map[string]bool{"00:122": true, "00:1a": true}; err != nil || !maps.Equal(got, want) {
		t.Errorf("%v, %v; want %v", got, err, want)
	}
}
