package kernel

import (
	"errors"
	"os"
	"path/filepath"
	"testing"
)

// tree writes files below a new folder.
func tree(t *testing.T, files map[string]string) string {
	t.Helper()
	root := t.TempDir()
	for name, text := range files {
		path := filepath.Join(root, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return root
}

func TestMemoryCgroup(t *testing.T) {
	t.Parallel()
	sys := tree(t, map[string]string{
		"fs/cgroup/cgroup.controllers":             "memory\n",
		"fs/cgroup/a/memory.max":                   "1000\n",
		"fs/cgroup/a/memory.current":               "700\n",
		"fs/cgroup/a/b/memory.max":                 "max\n",
		"fs/cgroup/a/b/memory.current":             "300\n",
		"fs/cgroup/a/c/memory.max":                 "500\n",
		"fs/cgroup/a/c/memory.current":             "400\n",
		"fs/cgroup/free/memory.max":                "max\n",
		"fs/cgroup/free/memory.current":            "9\n",
		"fs/cgroup/bad/memory.max":                 "much\n",
		"fs/cgroup/bad/memory.current":             "9\n",
		"fs/cgroup/none/cgroup.procs":              "",
		"fs/cgroup/memory/memory.limit_in_bytes":   "9223372036854771712\n",
		"fs/cgroup/memory/memory.usage_in_bytes":   "5000\n",
		"fs/cgroup/memory/x/memory.limit_in_bytes": "2000\n",
		"fs/cgroup/memory/x/memory.usage_in_bytes": "800\n",
	})
	f, err := NewFS(sys, sys)
	if err != nil {
		t.Fatal(err)
	}
	for group, want := range map[Cgroup]MemoryCgroup{
		{"/a/b", true}:   {Limit: 1000, At: "/a", Usage: 700},
		{"/a/c", true}:   {Limit: 500, At: "/a/c", Usage: 400},
		{"/free", true}:  {At: "/free", Usage: 9},
		{"/x", false}:    {Limit: 2000, At: "/x", Usage: 800},
		{"/", false}:     {At: "/", Usage: 5000},
		{"/gone", false}: {At: "/gone", Usage: 5000},
	} {
		if got, err := f.MemoryCgroup(group); err != nil || got != want {
			t.Errorf("%+v: %+v, %v, want %+v", group, got, err, want)
		}
	}
	for _, path := range []string{"/none", "/", "/../outside"} {
		if got, err := f.MemoryCgroup(Cgroup{path, true}); !errors.Is(err, ErrNoController) {
			t.Errorf("%s: %+v, %v", path, got, err)
		}
	}
	if _, err := f.MemoryCgroup(Cgroup{"/bad", true}); err == nil || errors.Is(err, ErrNoController) {
		t.Errorf("a limit that is no number: %v", err)
	}
}
