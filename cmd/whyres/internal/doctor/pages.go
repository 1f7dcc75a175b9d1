package doctor

import (
	"os"
	"path/filepath"

	"whyres/collector/kernel"
)

// residency: how resident pages are told.
func (h *Host) residency() Check {
	const id = "pagemap"
	way, err := h.Try.Residency()
	switch {
	case err != nil:
		return missing(id, oneLine(err), "which pages of Go's heap are resident cannot be told",
			"boot a kernel with CONFIG_PROC_PAGE_MONITOR=y").neededFor(forExplain)
	case way == kernel.WayExclusive:
		return info(id, "read by itself", "a page that a forked child shares is taken for one that is not resident").do("boot Linux 6.7 or newer, or run with sudo")
	case way == kernel.WayFlags:
		return ok(id, "read together with kpageflags")
	}
	return ok(id, "the PAGEMAP_SCAN call")
}

func (h *Host) pageFlags() Check {
	const id = "kpageflags"
	f, err := os.Open(filepath.Join(h.Proc, "kpageflags"))
	if err != nil {
		return info(id, "cannot be read", "only kernels before 6.7 need it, to tell zero pages")
	}
	_ = f.Close() // only opened
	return ok(id, "can be read")
}

// names: whether the kernel lets programs name their anonymous memory.
func (h *Host) names() Check {
	const id = "vma_names"
	if err := h.Try.NameMemory(); err != nil {
		return info(id, "anonymous memory cannot be named", "whyres tells the Go runtime's own mappings by its tables and counters instead of by their names").
			do("boot a kernel with CONFIG_ANON_VMA_NAME=y, and build targets with Go 1.25 or newer")
	}
	return ok(id, "anonymous memory can be named; Go 1.25 and newer do so")
}
