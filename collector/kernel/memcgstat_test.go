package kernel

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"whyres/collector/mem"
)

func TestGroupMemory(t *testing.T) {
	t.Parallel()
	sys := tree(t, map[string]string{
		"fs/cgroup/cgroup.controllers":      "memory\n",
		"fs/cgroup/a/memory.max":            "1000\n",
		"fs/cgroup/a/memory.current":        "900\n",
		"fs/cgroup/a/memory.stat":           "anon 1\n",
		"fs/cgroup/a/b/memory.max":          "max\n",
		"fs/cgroup/a/b/memory.current":      "700\n",
		"fs/cgroup/a/b/memory.swap.current": "30\n",
		"fs/cgroup/a/b/memory.stat": "anon 100\nfile 400\nkernel 60\nkernel_stack 9\npagetables 20\nsec_pagetables 1\nsock 50\n" +
			"shmem 7\ninactive_anon 99\ninactive_file 300\nslab_reclaimable 10\nslab 31\n",
		"fs/cgroup/a/b/cgroup.procs":                    "1\n2\n",
		"fs/cgroup/a/b/c/cgroup.procs":                  "3\n",
		"fs/cgroup/free/memory.max":                     "max\n",
		"fs/cgroup/free/memory.current":                 "9\n",
		"fs/cgroup/free/memory.stat":                    "",
		"fs/cgroup/odd/memory.max":                      "max\n",
		"fs/cgroup/odd/memory.current":                  "9\n",
		"fs/cgroup/odd/memory.stat":                     "anon much\n",
		"fs/cgroup/memory/x/memory.limit_in_bytes":      "2000\n",
		"fs/cgroup/memory/x/memory.usage_in_bytes":      "800\n",
		"fs/cgroup/memory/x/memory.kmem.usage_in_bytes": "44\n",
		"fs/cgroup/memory/x/memory.stat": "cache 1\nrss 2\ninactive_file 3\nshmem 4\nswap 5\n" +
			"total_cache 10\ntotal_rss 20\ntotal_shmem 40\ntotal_swap 50\ntotal_inactive_file 30\n",
		"fs/cgroup/memory/x/cgroup.procs": "7\n",
	})
	f, err := NewFS(sys, sys)
	if err != nil {
		t.Fatal(err)
	}
	for at, want := range map[Cgroup]mem.Cgroup{
		{"/a/b", true}: {
			Path: "/a/b", Processes: 3, Limit: 1000, LimitAt: "/a", LimitUsage: 900, Usage: 700, WorkingSet: 400, Anon: 100, File: 400, InactiveFile: 300,
			Shmem: 7, Kernel: 60, Sock: 50, Slab: 31, PageTables: 20, Swap: 30,
		},
		{"/x", false}: {
			Path: "/x", Processes: 1, Limit: 2000, LimitAt: "/x", LimitUsage: 800, Usage: 800, WorkingSet: 770, Anon: 20, File: 10, InactiveFile: 30,
			Shmem: 40, Kernel: 44, Swap: 50,
		},
		{"/free", true}: {Path: "/free", Usage: 9, WorkingSet: 9},
	} {
		if got, err := f.GroupMemory(at); err != nil || got != want {
			t.Errorf("%+v: %+v, %v, want %+v", at, got, err, want)
		}
	}
	for _, path := range []string{"/none", "/", "/../outside", "/a/gone"} {
		if got, err := f.GroupMemory(Cgroup{path, true}); !errors.Is(err, ErrNoController) {
			t.Errorf("%s: %+v, %v", path, got, err)
		}
	}
	if _, err := f.GroupMemory(Cgroup{"/odd", true}); err == nil || errors.Is(err, ErrNoController) {
		t.Errorf("a part that is no number: %v", err)
	}
}

// The kernel's own files say the same as its root file does by itself.
func TestGroupMemoryHere(t *testing.T) {
	t.Parallel()
	p, err := Default().Open(os.Getpid(), Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = p.Close() }()
	at, err := p.Cgroup()
	if err != nil {
		t.Fatal(err)
	}
	g, err := Default().GroupMemory(at)
	if errors.Is(err, ErrNoController) {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	if g.Path != at.Path || g.Usage == 0 || g.Anon == 0 || g.WorkingSet > g.Usage || (g.Processes == 0) != (at.Path == "/") {
		t.Errorf("%+v", g)
	}
}

func TestCountProcessesHasAnEnd(t *testing.T) {
	t.Parallel()
	dir := tree(t, map[string]string{"cgroup.procs": strings.Repeat("1\n", maxProcesses+1)})
	if n := countProcesses(dir); n != 0 {
		t.Errorf("%d processes, want 0: too many", n)
	}
	if err := os.WriteFile(filepath.Join(dir, "cgroup.procs"), []byte(strings.Repeat("1\n", maxProcesses)), 0o600); err != nil {
		t.Fatal(err)
	}
	if n := countProcesses(dir); n != maxProcesses {
		t.Errorf("%d processes, want %d", n, maxProcesses)
	}
}
