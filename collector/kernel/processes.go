package kernel

import (
	"cmp"
	"fmt"
	"os"
	"slices"
	"strconv"
)

// PIDs are the numbers of all processes that this procfs shows, ascending:
// those of its PID namespace, and with hidepid those that this user may see.
// Kernel threads are among them.
func (f FS) PIDs() ([]int, error) {
	dir, err := os.Open(f.proc)
	if err != nil {
		return nil, fmt.Errorf("list the processes: %w", err)
	}
	defer dir.Close() //nolint:errcheck // only read
	names, err := dir.Readdirnames(-1)
	if err != nil {
		return nil, fmt.Errorf("list the processes of %s: %w", f.proc, err)
	}
	pids := make([]int, 0, len(names))
	for _, name := range names {
		if name[0] < '1' || name[0] > '9' {
			continue
		}
		if pid, err := strconv.Atoi(name); err == nil {
			pids = append(pids, pid)
		}
	}
	slices.SortFunc(pids, cmp.Compare)
	return pids, nil
}
