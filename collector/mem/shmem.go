package mem

import "strings"

// IsShmemName tells the mappings of the kernel's own tmpfs by their names: shared
// anonymous memory, memfd_create, System V segments, and POSIX ones at their
// usual place. A file on another tmpfs cannot be told by its path.
func IsShmemName(path string) bool {
	for _, prefix := range [...]string{"/dev/zero", "/memfd:", "/SYSV", "/dev/shm/", "[anon_shmem:"} {
		if strings.HasPrefix(path, prefix) {
			return true
		}
	}
	return false
}
