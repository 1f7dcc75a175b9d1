package ledger

import "whyres/collector/mem"

// IsShmem reports whether a mapping is shared memory: of a tmpfs, or one of the
// kernel's own that its name gives away.
func IsShmem(v *mem.VMA) bool { return v.Shmem || mem.IsShmemName(v.Path) }
